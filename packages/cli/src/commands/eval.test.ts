import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { dforce, temporaryFolder, trainTiny } from "../testing/cli.js";

let model = "";
beforeAll(async () => {
  model = await trainTiny({ steps: 1 });
});

const evaluate = (...args: string[]) =>
  dforce("eval", "--model", model, "--threads", "1", "--steps", "2", "--seed", "5", ...args);

async function documentOf(...args: string[]) {
  const { code, stdout, stderr } = await evaluate("--json", ...args);
  expect([code, stderr.match(/error:.*/)?.[0]]).toEqual([0, undefined]);
  return JSON.parse(stdout);
}

describe("dforce eval", () => {
  it("prints one JSON document, the same for the same seed", async () => {
    const { seconds, ...document } = await documentOf("--episodes", "3", "--batch", "3");
    const estimate = { value: expect.any(Number), low: expect.any(Number), high: expect.any(Number) };
    expect(seconds).toBeGreaterThan(0);
    expect(document).toEqual({
      model,
      maze: "umaze",
      policy: "diffusion forcing planner",
      multiTask: false,
      seed: 5,
      episodes: 3,
      success: estimate,
      firstReach: estimate,
      ratioToExpert: estimate,
      normalizedScore: estimate,
      hard: { successes: expect.any(Number), episodes: expect.any(Number), success: estimate },
      planWallFraction: expect.any(Number),
      note: expect.stringContaining("Re-created environment"),
      plans: expect.any(Number),
      evaluations: expect.any(Number),
      once: false,
      search: false,
      support: false,
    });
    const { seconds: _, ...again } = await documentOf("--episodes", "3", "--batch", "3");
    expect(again).toEqual(document);
  });

  it("takes every way of planning at once, and says in its result that support was used", async () => {
    const ways = ["--multi-task", "--support", "--reach", "gradient", "--samples", "2", "--matrix", "pyramid"];
    const document = await documentOf("--episodes", "2", ...ways);
    expect(document).toMatchObject({ multiTask: true, support: true, episodes: 2 });
  });

  it.each([
    ["--matrix", "trapezoid", "--uncertainty", "0.5"],
    ["--matrix", "autoregressive", "--tokens", "4"],
    ["--reach", "gradient", "--samples", "1", "--guidance-weights", "aliased", "--scale", "0.1"],
  ])("takes %s %s %s %s", async (...args) => {
    expect((await documentOf("--episodes", "1", ...args)).plans).toBeGreaterThan(0);
  });

  it("prints a table without --json", async () => {
    const { code, stdout, stderr } = await evaluate("--episodes", "1");
    expect(code).toBe(0);
    expect(stderr).toMatch(/^measuring 0\/100 \| 2 plans of 3 tokens, step 0 of 2\n[\s\S]*measuring 100\/100/);
    expect(stdout).toMatch(/^umaze, 1 episodes, the maze's goal, seed 5 \(95 % intervals\)\n {2}success +\d/);
    expect(stdout).toMatch(/\n {2}plan points in walls +\d+\.\d\d %\n[\s\S]*\nRe-created environment/);
  });

  it("takes the model as its first word, but not twice", async () => {
    const options = ["--threads", "1", "--steps", "2", "--episodes", "1", "--seed", "5", "--json"];
    const { code, stdout } = await dforce("eval", model, ...options);
    expect([code, JSON.parse(stdout).model]).toEqual([0, model]);
    const twice = await dforce("eval", "umaze", "--model", model, ...options);
    expect([twice.code, twice.stderr]).toEqual([
      2,
      expect.stringMatching(/^error: The model is given twice: "umaze" and --model "/),
    ]);
  });

  it("writes the picture of a task that draws one, never over another file unasked", async () => {
    const folder = await temporaryFolder();
    const [run, picture] = [join(folder, "run"), join(folder, "crosses.svg")];
    const recipe = join(folder, "recipe.json");
    await writeFile(
      recipe,
      JSON.stringify({
        task: "composition",
        data: { positions: 8, batch: 4 },
        model: { width: 8, layers: 1, heads: 2 },
        training: { steps: 1, learningRate: 1e-3, schedule: { kind: "constant" }, emaDecay: 0.9 },
        seed: 0,
      }),
    );
    await dforce("train", "--config", recipe, "--out", run, "--threads", "1");
    const options = ["--trajectories", "4", "--steps", "2", "--threads", "1"];
    const { code, stdout } = await dforce("eval", run, ...options, "--out", picture);
    expect([code, stdout]).toEqual([0, expect.stringContaining("memory of 1, plans of 4: V shapes")]);
    expect(await readFile(picture, "utf8")).toMatch(/^<svg /);
    const again = await dforce("eval", run, ...options, "--out", picture);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("is there already")]);
    const maze = await evaluate("--episodes", "1", "--out", join(folder, "maze.svg"));
    expect([maze.code, maze.stderr]).toEqual([1, expect.stringContaining("An evaluation of maze2d draws no picture")]);
  });

  it.skipIf(process.platform === "win32")("says before it measures that there is nowhere to write", async () => {
    const taken = join(await temporaryFolder(), "taken");
    await writeFile(taken, "");
    const { code, stdout, stderr } = await evaluate("--episodes", "1", "--out", join(taken, "maze.svg"));
    expect([code, stdout, stderr]).toEqual([
      1,
      "",
      expect.stringMatching(/^error: The folder .*taken cannot be written/),
    ]);
  });

  it("exits with 2 for more steps than the model has levels", async () => {
    const { code, stdout, stderr } = await evaluate("--steps", "101");
    expect(stderr).toBe('error: --steps is "101"; expected a whole number from 1 to 100.\n');
    expect([code, stdout]).toEqual([2, ""]);
  });
});
