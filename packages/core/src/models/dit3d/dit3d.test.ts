import { describe, expect, it } from "vitest";
import { createRandom } from "../../engine/random/index.js";
import { type HostTensor, tensor } from "../../engine/tensor/tensor.js";
import { applyModel, drawnParameters } from "../../testing/apply-model.js";
import { frameChanges, movedAt, reordered } from "../../testing/frame-changes.js";
import { drawTensor } from "../../testing/values.js";
import { modelFromConfig } from "../model-from-config.js";
import { initializeParameters } from "../parameters.js";
import type { DiT3dOptions } from "./config.js";
import { dit3d } from "./dit3d.js";

const small = { tokenShape: [2, 4, 4], width: 8, layers: 2, heads: 2, feedForward: 12 } as const;

/** Two sequences of three frames and their levels, of 10. */
const tokens = drawTensor({ dtype: "float32", shape: [2, 3, 2, 4, 4], low: -1, high: 1 }, 1);
const noiseLevels = tensor(Int32Array.of(0, 3, 10, 7, 7, 1), [2, 3]);
const condition = drawTensor({ dtype: "float32", shape: [2, 3, 5], low: -1, high: 1 }, 2);

type Inputs = Partial<Record<"tokens" | "noiseLevels" | "condition", HostTensor>>;

function run(options: Partial<DiT3dOptions>, changed: Inputs = {}, silent: RegExp | undefined = undefined): HostTensor {
  const model = dit3d({ ...small, ...options });
  const conditioned = model.conditionFeatures > 0 ? { condition } : {};
  const parameters = drawnParameters(model);
  for (const [name, { data }] of Object.entries(parameters)) if (silent?.test(name)) data.fill(0);
  return applyModel(model, parameters, { tokens, noiseLevels, ...conditioned, ...changed });
}

function changes(options: Partial<DiT3dOptions>, changed: Inputs, silent?: RegExp): number[][] {
  return frameChanges(run(options, {}, silent), run(options, changed, silent));
}

const some = expect.toSatisfy((change: number) => change > 1e-4);
const nothing = [0, 0, 0];

const variants: Partial<DiT3dOptions>[] = [
  {},
  { attention: "factorized" },
  { positions: "sinusoidal" },
  { attention: "factorized", positions: "sinusoidal" },
  { patchSize: 4 },
];

describe("dit3d", () => {
  it("predicts exactly zero before it is trained (adaLN-Zero)", () => {
    for (const options of variants) {
      const model = dit3d({ ...small, ...options });
      const output = applyModel(model, initializeParameters(model, createRandom(1)), { tokens, noiseLevels });
      expect(output.shape).toEqual([2, 3, 2, 4, 4]);
      expect(output.data.every((value) => value === 0)).toBe(true);
    }
  });

  it.each([...variants, { causal: false }, { conditionFeatures: 5 }])(
    "predicts finite frames of the tokens' shape with %j, and is rebuilt from its config",
    (options) => {
      const { shape, data } = run(options);
      expect(shape).toEqual([2, 3, 2, 4, 4]);
      expect(data.every((value) => Number.isFinite(value) && value !== 0)).toBe(true);
      const model = dit3d({ ...small, ...options });
      expect(modelFromConfig(JSON.parse(JSON.stringify(model.config))).parameters).toEqual(model.parameters);
    },
  );

  it("takes plain vectors as one patch each", () => {
    const vectors = drawTensor({ dtype: "float32", shape: [2, 3, 5], low: -1, high: 1 }, 3);
    const options = { tokenShape: [5] };
    expect(run(options, { tokens: vectors }).shape).toEqual([2, 3, 5]);
    const before = run(options, { tokens: vectors }).data;
    const after = run(options, { tokens: movedAt(vectors, 0, 1) }).data;
    expect([...after.slice(0, 5)]).toEqual([...before.slice(0, 5)]);
    expect([...after.slice(5, 15)].every((value, i) => value !== before[5 + i])).toBe(true);
    expect([...after.slice(15)]).toEqual([...before.slice(15)]);
  });

  it("takes frames that are not square", () => {
    const model = dit3d({ ...small, tokenShape: [1, 2, 6] });
    const wide = drawTensor({ dtype: "float32", shape: [1, 2, 1, 2, 6], low: -1, high: 1 }, 1);
    const inputs = { tokens: wide, noiseLevels: tensor(Int32Array.of(4, 5), [1, 2]) };
    expect(applyModel(model, drawnParameters(model), inputs).shape).toEqual([1, 2, 1, 2, 6]);
  });

  it("puts each patch back where it was cut out", () => {
    // Only the path of patch embedding, norm and output: an output of a patch follows that patch alone.
    const silent = /layers|modulation/;
    const corner = { ...tokens, data: Float32Array.from(tokens.data) } as HostTensor;
    corner.data[2] = 5; // Sequence 0, frame 0, channel 0, row 0, column 2.
    const [before, after] = [run({}, {}, silent).data, run({}, { tokens: corner }, silent).data];
    const moved = [...after].flatMap((value, i) => (value === before[i] ? [] : [i]));
    // Rows 0 and 1, columns 2 and 3 of both channels.
    expect(moved).toEqual([2, 3, 6, 7, 18, 19, 22, 23]);
  });
});

describe("causality", () => {
  it("a frame changes itself and later ones, not those before nor another sequence", () => {
    for (const options of variants) {
      expect(changes(options, { tokens: movedAt(tokens, 0, 1) })).toEqual([[0, some, some], nothing]);
      expect(changes(options, { noiseLevels: movedAt(noiseLevels, 1, 2) })).toEqual([nothing, [0, 0, some]]);
    }
    expect(changes({ conditionFeatures: 5 }, { condition: movedAt(condition, 1, 1) })).toEqual([
      nothing,
      [0, some, some],
    ]);
  });

  it("without it, every frame sees every other one", () => {
    for (const options of variants) {
      expect(changes({ ...options, causal: false }, { tokens: movedAt(tokens, 0, 1) })).toEqual([
        [some, some, some],
        nothing,
      ]);
    }
  });

  it("a frame sees all its own patches", () => {
    const [before, after] = [run({}), run({}, { tokens: movedAt(tokens, 0, 0) })];
    expect([...after.data.slice(0, 32)].every((value, i) => value !== before.data[i])).toBe(true);
    const last = { ...tokens, data: Float32Array.from(tokens.data) } as HostTensor;
    last.data[31] = 5; // The last pixel of the first frame.
    const changed = run({}, { tokens: last }).data;
    expect(changed[0]).not.toBe(before.data[0]);
  });
});

describe("conditioning", () => {
  it("a frame's level and condition enter by that frame's modulation only", () => {
    // Without attention's output, frames cannot see each other.
    const alone = /layers\.\d\.output/;
    for (const options of variants) {
      const own = [[0, some, 0], nothing];
      expect(changes({ ...options, causal: false }, { noiseLevels: movedAt(noiseLevels, 0, 1) }, alone)).toEqual(own);
    }
    const changed = { condition: movedAt(condition, 0, 1) };
    expect(changes({ causal: false, conditionFeatures: 5 }, changed, alone)).toEqual([[0, some, 0], nothing]);
  });
});

describe("symmetries", () => {
  it("sequences of a batch are treated alike", () => {
    const swap = [3, 4, 5, 0, 1, 2];
    for (const options of variants) {
      const swapped = run(options, { tokens: reordered(tokens, swap), noiseLevels: reordered(noiseLevels, swap) });
      expect([...reordered(swapped, swap).data]).toEqual(
        [...run(options).data].map((value) => expect.closeTo(value, 5)),
      );
    }
  });

  it("frames may be reordered where attention stays within a frame, and nowhere else", () => {
    const order = [2, 0, 1, 3, 4, 5];
    const back = [1, 2, 0, 3, 4, 5];
    const inputs = { tokens: reordered(tokens, order), noiseLevels: reordered(noiseLevels, order) };
    const difference = (silent: RegExp | undefined): number => {
      const options = { attention: "factorized", causal: false } as const;
      const output = reordered(run(options, inputs, silent), back).data;
      return Math.max(...run(options, {}, silent).data.map((value, i) => Math.abs(value - (output[i] as number))));
    };
    expect(difference(/layers\.1\.output/)).toBeLessThan(1e-5);
    expect(difference(undefined)).toBeGreaterThan(1e-3);
  });
});
