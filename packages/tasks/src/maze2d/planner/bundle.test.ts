import { createRandom, initializeParameters, isDiffusionForcingError, transformer } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { encodePlannerBundle, type PlannerBundle, plannerFiles, readPlannerBundle } from "./bundle.js";
import { type PlannerConfig, plannerProcess } from "./config.js";

const config: PlannerConfig = {
  kind: "maze2d-planner",
  maze: "umaze",
  fields: ["position"],
  frameStack: 2,
  lengths: [3, 4],
  model: transformer({ features: 4, width: 8, heads: 2, layers: 1, feedForward: 8, causal: false }).config,
  schedule: { name: "linear", levels: 100 },
  objective: "x0",
  lossWeighting: { kind: "uniform" },
  clipNoise: 20,
};
const bundle: PlannerBundle = {
  config,
  parameters: initializeParameters(plannerProcess(config).model, createRandom(1)),
  normalizer: { mean: [1.9328, 2.3745], standardDeviation: [0.8997, 0.7093] },
};
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function reader(files: Record<string, Uint8Array>): (name: string) => Promise<Uint8Array> {
  return async (name) => files[name] ?? Promise.reject(new Error(`no ${name}`));
}

describe("a planner bundle", () => {
  it("is three files, and read back the same", async () => {
    const files = encodePlannerBundle(bundle);
    expect(Object.keys(files)).toEqual(["config.json", "model.safetensors", "normalizer.json"]);
    expect(await readPlannerBundle(reader(files))).toEqual(bundle);
  });

  it.each([
    [plannerFiles.config, "{", "corrupt-file", "config.json: This is not valid JSON"],
    [plannerFiles.config, "{}", "invalid-config", "config.json: Planner config: kind is missing"],
    [
      plannerFiles.config,
      JSON.stringify({ ...config, schedule: {} }),
      "invalid-schedule",
      "config.json: A schedule's configuration",
    ],
    [plannerFiles.normalizer, "mean: 1", "corrupt-file", "normalizer.json: This is not valid JSON"],
    [
      plannerFiles.normalizer,
      '{"mean":[1],"standardDeviation":[1]}',
      "corrupt-file",
      "normalizer.json: The normaliser must hold",
    ],
    [plannerFiles.weights, "short", "corrupt-file", "model.safetensors: "],
  ] as const)("refuses a damaged %s: %s", async (name, content, code, message) => {
    const files = { ...encodePlannerBundle(bundle), [name]: text(content) };
    const read = readPlannerBundle(reader(files));
    await expect(read).rejects.toThrow(message);
    await expect(read).rejects.toSatisfy((error) => isDiffusionForcingError(error, code));
  });

  it("refuses weights cut short", async () => {
    const files = encodePlannerBundle(bundle);
    const weights = files[plannerFiles.weights] as Uint8Array;
    const read = readPlannerBundle(reader({ ...files, [plannerFiles.weights]: weights.slice(0, -4) }));
    await expect(read).rejects.toSatisfy((error) => isDiffusionForcingError(error, "corrupt-file"));
  });

  it("refuses the weights of another model, naming the first that differs", async () => {
    const { model } = plannerProcess({ ...config, model: { ...config.model, feedForward: 16 } });
    const other = { ...bundle, parameters: initializeParameters(model, createRandom(1)) };
    const files = { ...encodePlannerBundle(other), [plannerFiles.config]: text(JSON.stringify(config)) };
    const read = readPlannerBundle(reader(files));
    await expect(read).rejects.toThrow('Parameter "layers.0.feedForward1.weight" is float32[16, 8]');
    await expect(read).rejects.toSatisfy((error) => isDiffusionForcingError(error, "checkpoint-mismatch"));
  });

  it("refuses weights of a training that diverged, naming the parameter", async () => {
    const parameters = initializeParameters(plannerProcess(config).model, createRandom(1));
    parameters["output.bias"]?.data.set([Number.NaN], 2);
    const read = readPlannerBundle(reader(encodePlannerBundle({ ...bundle, parameters })));
    await expect(read).rejects.toThrow('model.safetensors: Parameter "output.bias" holds NaN');
    await expect(read).rejects.toSatisfy((error) => isDiffusionForcingError(error, "corrupt-file"));
  });

  it("passes on what the reading itself throws", async () => {
    await expect(readPlannerBundle(reader({}))).rejects.toThrow("no config.json");
  });
});
