import { expect, it } from "vitest";
import { figuresPage } from "./page.js";
import { withBench, withRace } from "./record.js";

const evaluation = {
  maze: "umaze",
  success: { value: 0.98 },
  hard: { successes: 3, episodes: 4 },
  ratioToExpert: { value: 1.0249 },
  normalizedScore: { value: 149.31 },
  planWallFraction: 0.0014,
};

it("shows what was recorded", () => {
  const page = figuresPage({
    planning: [{ fixed: evaluation, random: { ...evaluation, success: { value: 1 } } }],
    bench: {
      "onnx/cpu": { base: { train_step: 68.7, sample: 57.7 }, conv: { forward: 2 } },
      "onnx/webgpu": { base: { train_step: 22 } },
    },
    wasm: { small: { "onnx wasm": { milliseconds: [3.2, 3.7] }, "tfjs wasm": { times: [2, 2] } } },
  });
  const cells = page.split("\n").map((line) =>
    line
      .split("|")
      .map((cell) => cell.trim())
      .join("|"),
  );
  expect(cells).toContain("|umaze, fixed|98 %|3/4|1.02|149.3|0.14 %|116.7|");
  expect(cells).toContain("|umaze, random|100 %|3/4|1.02|149.3|0.14 %|119.1|");
  expect(cells).toContain("|config|train_step|sample|forward|");
  expect(cells).toContain("|conv|||2|");
  expect(cells).toContain("`--backend onnx/webgpu`:");
  expect(cells).toContain("|base|22|");
  expect(cells).toContain("|small|3.2 to 3.7 ms|2 times that|");
});

it("keeps the last run of every device and configuration, to three digits", () => {
  const first = withBench({}, "onnx/cpu", "base", { train_step: 68.7314 });
  const second = withBench(first, "onnx/webgpu", "base", { train_step: 21.89 });
  expect(withBench(second, "onnx/cpu", "base", { train_step: 70 })).toEqual({
    "onnx/cpu": { base: { train_step: 70 } },
    "onnx/webgpu": { base: { train_step: 21.9 } },
  });
});

it("leaves a maze without a score of the paper empty", () => {
  const { normalizedScore: _, ...unscored } = { ...evaluation, maze: "giant" };
  const page = figuresPage({ planning: [{ fixed: unscored, random: unscored }], bench: {}, wasm: {} });
  expect(page).toMatch(/giant, fixed +\| 98 % +\| 3\/4 +\| 1.02 +\| +\| 0.14 % +\| +\|/);
});

it("widens a range by every race", () => {
  const first = withRace({}, "base", [
    { name: "onnx wasm", median: 10 },
    { name: "tfjs wasm", median: 25 },
  ]);
  expect(first).toEqual({ base: { "onnx wasm": { milliseconds: [10, 10] }, "tfjs wasm": { times: [2.5, 2.5] } } });
  const second = withRace(first, "base", [
    { name: "onnx wasm", median: 12 },
    { name: "jax-js", median: 36 },
  ]);
  expect(second).toEqual({
    base: { "onnx wasm": { milliseconds: [10, 12] }, "tfjs wasm": { times: [2.5, 2.5] }, "jax-js": { times: [3, 3] } },
  });
});
