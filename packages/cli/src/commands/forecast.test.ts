import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { dforce, temporaryFolder, trainTiny } from "../testing/cli.js";

const recipe = {
  task: "series",
  series: { network: { kind: "transformer", width: 8, layers: 1, heads: 2 }, batch: 8, validation: 0.2, patience: 2 },
  training: { steps: 4, learningRate: 1e-3, schedule: { kind: "constant" }, emaDecay: 0.9 },
};

let [folder, data, model] = ["", "", ""];
beforeAll(async () => {
  folder = await temporaryFolder();
  [data, model] = [join(folder, "my.csv.gz"), join(folder, "model")];
  const rows = Array.from({ length: 60 }, (_, i) => `${100 + Math.sin(i)},${5 + Math.cos(2 * i)}`);
  await writeFile(data, gzipSync(`price,load\n${rows.join("\n")}\n`));
  await writeFile(join(folder, "recipe.json"), JSON.stringify(recipe));
  const args = ["--config", join(folder, "recipe.json"), "--data", data, "--context", "5", "--horizon", "4"];
  const { code, stdout, stderr } = await dforce("train", "series", ...args, "--out", model, "--threads", "1");
  expect([code, stderr.match(/error:.*/)?.[0]]).toEqual([0, undefined]);
  expect(stdout).toMatch(/Next: .* forecast --data FILE --model /);
  // The validation of the last step, though 100 are between two.
  expect((await readFile(join(model, "metrics.csv"), "utf8")).trimEnd().split("\n").at(-1)).toMatch(
    /^4,[^,]+,[^,]+,[^,]+,\d+\.\d+,/,
  );
});

const forecast = (...args: string[]) => dforce("forecast", "--model", model, "--threads", "1", "--steps", "4", ...args);

describe("dforce forecast", () => {
  it("writes quantiles, samples and a fan chart, the same for the same seed", async () => {
    const out = join(folder, "out");
    const { code, stdout, stderr } = await forecast("--data", data, "--out", out, "--samples", "6");
    expect([code, stderr.match(/error:.*/)?.[0]]).toEqual([0, undefined]);
    expect(stdout).toMatch(
      /^4 rows after row 60, 6 samples, seed 0; the last row's median \[90 % band\]\n {2}price +\d+/,
    );
    expect((await readdir(out)).sort()).toEqual(["forecast.png", "forecast.svg", "quantiles.csv", "samples.csv"]);
    const samples = await readFile(join(out, "samples.csv"), "utf8");
    expect(samples.split("\n")).toHaveLength(26);
    expect((await readFile(join(out, "forecast.png"))).subarray(1, 4).toString()).toBe("PNG");
    const again = join(folder, "again");
    await forecast("--data", data, "--out", again, "--samples", "6");
    expect(await readFile(join(again, "samples.csv"), "utf8")).toBe(samples);
    const { stderr: refusal } = await forecast("--data", data, "--out", out);
    expect(refusal).toContain("is there already. Choose another --out");
    // Before anything is computed.
    expect(refusal).not.toContain("forecasting");
  });

  it("goes beyond what was trained, and says so; JSON for programs", async () => {
    const out = join(folder, "far");
    const { stdout, stderr } = await forecast(
      ...["--data", data, "--out", out, "--samples", "2", "--horizon", "9", "--write", "json", "--json"],
    );
    expect(stderr).toContain(
      "warning: --horizon is 9; the model was trained on 1 to 4, and goes on from its own forecasts",
    );
    expect(JSON.parse(stdout)).toMatchObject({ horizon: 9, rows: 60, columns: ["price", "load"] });
    expect(JSON.parse(await readFile(join(out, "forecast.json"), "utf8")).samples[1]).toHaveLength(9);
  });

  it("says what is wrong", async () => {
    const out = ["--out", join(folder, "none")];
    const missing = await forecast(...out);
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining("error: --data is missing: CSV, TSV")]);
    const short = join(folder, "short.csv");
    await writeFile(short, "price,load\n1,2\n");
    expect((await forecast("--data", short, ...out)).stderr).toContain(
      "the series have 1 rows; the model looks back on 5",
    );
    await writeFile(short, "price,load\n1,\n");
    const gap = await forecast("--data", short, ...out);
    expect([gap.code, gap.stderr]).toEqual([
      1,
      expect.stringContaining("short.csv, line 2, column load: the cell is empty"),
    ]);
    const planner = await dforce("forecast", "--model", await trainTiny({ steps: 1 }), "--data", data);
    expect([planner.code, planner.stderr]).toEqual([
      2,
      expect.stringContaining("is for the task maze2d, which forecasts"),
    ]);
    expect(await readdir(folder)).not.toContain("none");
    expect((await dforce("forecast", "--help")).stdout).toContain("Models of series:\n  --data <file>");
  });
});
