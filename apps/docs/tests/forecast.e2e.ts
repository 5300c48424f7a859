import { readFile } from "node:fs/promises";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { loadBundle } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import { seriesTask } from "@diffusion-forcing/tasks/series";
import { describe, expect, it } from "vitest";
import { siteInBrowser } from "./site-in-browser.js";
import { bundled, LONGEST_TASK, type Visit } from "./visitor.js";

const site = siteInBrowser();

describe("the forecast", () => {
  const quantilesOf = async (visit: Visit): Promise<number[][]> => {
    const fans = (await visit.messages()).flatMap(({ response }) => {
      const quantiles = (response as { quantiles?: number[][] } | null)?.quantiles;
      return quantiles === undefined ? [] : [quantiles];
    });
    return fans.at(-1) as number[][];
  };
  const widths = ([low = [], , , , high = []]: number[][]): number[] =>
    low.map((value, row) => (high[row] as number) - value);
  const mean = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;

  it.each(["wasm", "webgpu"])("opens a fan on %s, which missing values widen", async (device) => {
    // A GPU in software is slow.
    const size = device === "wasm" ? "" : "&samples=40&steps=4";
    await site().visiting(`demos/forecast.html?device=${device}&seed=5&series=3${size}`, async (visit) => {
      const { page } = visit;
      const longest = await visit.longestTask(async () => {
        await visit.run("Forecast", "30 rows ahead");
        const known = await quantilesOf(visit);
        for (const row of known[0]?.keys() ?? []) {
          const [q05, q25, q50, q75, q95] = known.map((list) => list[row] as number) as [number, ...number[]];
          expect([q05, q25, q50, q75, q95]).toEqual(
            [q05, q25, q50, q75, q95].toSorted((a, b) => Number(a) - Number(b)),
          );
          expect(q05).toBeGreaterThan(0);
        }
        // The last five rows, from the last one to the left.
        const surface = page.getByRole("slider", { name: "A value to mark" });
        const { x, y, width } = (await surface.boundingBox()) as { x: number; y: number; width: number };
        const at = (back: number): number => x + (width * (59.5 - back)) / 90;
        await page.mouse.move(at(0), y + 100);
        await page.mouse.down();
        await page.mouse.move(at(4), y + 110, { steps: 8 });
        await page.mouse.up();
        await visit.says("wider than with every value known");
        const missing = await quantilesOf(visit);
        expect(widths(missing)[0]).toBeGreaterThan(1.5 * (widths(known)[0] as number));
        expect(mean(widths(missing))).toBeGreaterThan(mean(widths(known)));
        expect(new URL(page.url()).searchParams.get("missing")).toBe("0-4");
      });
      expect([await visit.device(), visit.errors]).toEqual([device, []]);
      expect(longest).toBeLessThan(LONGEST_TASK);
      if (device === "wasm") await visit.picture("forecast");
    });
  });

  it("draws what dforce forecast draws from the same table and seed", async () => {
    await site().visiting("demos/forecast.html?device=wasm&seed=7&series=2&samples=40&missing=3", async (visit) => {
      const { page } = visit;
      await visit.run("Forecast", "30 rows ahead");
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Save the table as CSV" }).click(),
      ]);
      const data = { name: "series.csv", bytes: new Uint8Array(await readFile(await download.path())) };
      const bundle = await loadBundle(folderStore(bundled("series-exchange")));
      const backend = await onnxBackend({ threads: 1 });
      const report = await seriesTask.forecasting?.run(bundle, {
        backend,
        seed: 7,
        options: { data, missing: true, samples: 40, write: "json" },
      });
      await backend.dispose();
      const document = JSON.parse(String(report?.files["forecast.json"])) as {
        quantiles: Record<string, Record<string, number[]>>;
      };
      const expected = Object.values(document.quantiles["2"] ?? {});
      const drawn = await quantilesOf(visit);
      expect([drawn.length, expected.length]).toEqual([5, 5]);
      const differences = drawn.flatMap((list, q) =>
        list.map((value, row) => Math.abs(value / (expected[q]?.[row] as number) - 1)),
      );
      expect(Math.max(...differences)).toBeLessThan(1e-3);
      expect(visit.errors).toEqual([]);
    });
  });

  it("reads a CSV of anybody's, and answers keys; what is no table is said", async () => {
    await site().visiting("demos/forecast.html?device=wasm&samples=20&steps=4", async (visit) => {
      const { page } = visit;
      const file = page.locator("input[type=file]");
      const give = (name: string, text: string) =>
        file.setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
      await give("poem.csv", "Rough winds do shake\nthe darling buds of May,\n");
      await visit.says(/poem\.csv, line 2: 2 cells; expected 1/);
      await give("words.csv", "day,load\n2024-01-01,some\n");
      await visit.says(/words\.csv, line 2, column load: "some" is no finite number/);
      await give("picture.csv", "\u0000\ufffd".repeat(20));
      await visit.says("This file cannot be used. picture.csv");
      await give("short.csv", "load\n1\n2\n");
      await visit.says("short.csv has 2 rows; the model looks back on 31.");
      await give("large.csv", "1\n".repeat(600_000));
      await visit.says("large.csv has 1200000 bytes; this page reads at most 1000000.");
      // Loads go below 0: differences stand for log returns.
      const rows = Array.from({ length: 50 }, (_, i) => `${(5 * Math.sin(i)).toFixed(3)},${i % 7 === 0 ? "" : i}`);
      await give("loads.csv", `load,other\n${rows.join("\n")}\n`);
      await visit.says("loads.csv: 50 rows, 2 series.");
      await page.getByRole("radio", { name: "doubtful" }).check();
      const surface = page.getByRole("slider", { name: "A value to mark" });
      await surface.focus();
      for (const key of ["ArrowLeft", "ArrowLeft", "Enter"]) await page.keyboard.press(key);
      expect(await surface.getAttribute("aria-valuetext")).toMatch(/^2 rows before: -?\d.*, doubtful$/);
      await visit.run("Forecast", "30 rows ahead");
      await page.getByRole("button", { name: "All known" }).click();
      await visit.says(/^30 rows ahead: -?[\d.]+, and 90 % of 20 futures from -?[\d.]+ to -?[\d.]+\. In/);
      expect(visit.errors).toEqual([]);
    });
  });
});
