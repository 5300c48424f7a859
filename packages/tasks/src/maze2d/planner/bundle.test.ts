import { createRandom, initializeParameters, isDiffusionForcingError, transformer } from "@diffusion-forcing/core";
import { encodeWeights, filesStore } from "@diffusion-forcing/core/bundle";
import { describe, expect, it } from "vitest";
import { encodePlannerBundle, type PlannerBundle, readPlannerBundle } from "./bundle.js";
import { type PlannerConfig, plannerDiffusion } from "./config.js";

const config: PlannerConfig = {
  kind: "maze2d-planner",
  maze: "umaze",
  fields: ["position"],
  frameStack: 2,
  lengths: [3, 4],
  model: transformer({ features: 4, width: 8, heads: 2, layers: 1, feedForward: 8, causal: false }).config,
  schedule: { kind: "linear", levels: 100 },
  objective: "x0",
  lossWeighting: { kind: "uniform" },
  clipNoise: 20,
};
const bundle: PlannerBundle = {
  config,
  parameters: initializeParameters(plannerDiffusion(config).model, createRandom(1)),
  normalizer: { mean: [1.9328, 2.3745], std: [0.8997, 0.7093] },
};
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const json = (bytes: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(bytes));

async function failure(files: Record<string, Uint8Array>): Promise<string> {
  return readPlannerBundle(filesStore(files)).then(
    () => "read",
    (error) => (isDiffusionForcingError(error) ? `${error.code}: ${error.message}` : `not ours: ${error}`),
  );
}

/** The files, `config.json` edited by hand and the weights saved by a program that leaves no fingerprint. */
function edited(change: (config: ReturnType<typeof json>) => void): Record<string, Uint8Array> {
  const files = encodePlannerBundle(bundle);
  const stored = json(files["config.json"]);
  change(stored);
  return { "config.json": text(JSON.stringify(stored)), "model.safetensors": encodeWeights(bundle.parameters) };
}

describe("a planner bundle", () => {
  it("is two files that record its maze, its codec and the lengths trained on, and is read back the same", async () => {
    const files = encodePlannerBundle(bundle);
    expect(Object.keys(files)).toEqual(["config.json", "model.safetensors"]);
    expect(json(files["config.json"])).toMatchObject({
      kind: "diffusion-forcing",
      version: 1,
      codec: {
        kind: "chain",
        codecs: [
          { kind: "normalization", mean: [1.9328, 2.3745], std: [0.8997, 0.7093] },
          { kind: "frame-stack", frames: 2 },
        ],
      },
      task: {
        kind: "maze2d",
        maze: { name: "umaze", layout: "#####|#GOO#|###O#|#OOO#|#####" },
        fields: ["position"],
        lengths: [3, 4],
      },
      trainedOn: { tokens: [3, 4] },
    });
    expect(await readPlannerBundle(filesStore(files))).toEqual(bundle);
  });

  it("of another maze, labelled as this one, is refused by its fingerprint and by its walls", async () => {
    const files = encodePlannerBundle({ ...bundle, config: { ...config, maze: "medium" } });
    const stored = json(files["config.json"]);
    stored.task.maze.name = "umaze";
    const relabelled = { ...files, "config.json": text(JSON.stringify(stored)) };
    expect(await failure(relabelled)).toMatch(/^checkpoint-mismatch: .*was saved with another config.json/);
    const withoutFingerprint = { ...relabelled, "model.safetensors": encodeWeights(bundle.parameters) };
    expect(await failure(withoutFingerprint)).toContain(
      'invalid-config: The planner was trained in a maze "umaze" with the walls ########|#OO##OO#',
    );
  });

  it.each<[string, (config: ReturnType<typeof json>) => void, string]>([
    ["no task", (config) => delete config.task, "invalid-config: A planner's task"],
    [
      "another task",
      (config) => {
        config.task = { kind: "waves" };
      },
      "kind",
    ],
    [
      "a maze there is not",
      (config) => {
        config.task.maze.name = "huge";
      },
      'maze.name is "huge"',
    ],
    ["no codec", (config) => delete config.codec, "A planner's codec"],
    [
      "a codec of images",
      (config) => {
        config.codec = { kind: "image" };
      },
      "A planner's codec",
    ],
    [
      "a normaliser of another width",
      (config) => {
        config.codec.codecs[0].mean = [1];
        config.codec.codecs[0].std = [1];
      },
      "The normaliser has 1 numbers",
    ],
    [
      "a normaliser beyond float32",
      (config) => {
        config.codec.codecs[0].mean = [1e308, 0];
      },
      "mean.0 is 1e+308",
    ],
    [
      "frames that do not fit the model",
      (config) => {
        config.codec.codecs[1].frames = 3;
      },
      "model.features is 4",
    ],
    [
      "fields of another width",
      (config) => {
        config.task.fields = ["position", "velocity"];
      },
      "model.features is 4",
    ],
    [
      "lengths that fall",
      (config) => {
        config.task.lengths = [4, 3];
      },
      "lengths",
    ],
  ])("with %s is refused", async (_what, change, message) => {
    expect(await failure(edited(change))).toContain(message);
    expect(await failure(edited(() => {}))).toBe("read");
  });
});
