import { describe, expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import { failureOf as failure } from "../testing/fixtures/failure.js";
import type { TrainingState } from "../training/state.js";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.js";
import { decodeTrainingState, encodeTrainingState } from "./training-checkpoint.js";
import { encodeWeights } from "./weights.js";

const state: TrainingState = {
  step: 1200,
  seed: 7,
  subject: { model: { kind: "test" }, process: { kind: "gaussian", levels: 10 } },
  parameters: { "layers.0.weight": tensor([1, 2, 3, 4], [2, 2]), "ema/bias": tensor([0.1], [1]) },
  first: { "layers.0.weight": tensor([5, 6, 7, 8], [2, 2]), "ema/bias": tensor([-1e-30], [1]) },
  second: { "layers.0.weight": tensor([0, 0, 0, 0], [2, 2]), "ema/bias": tensor([3e38], [1]) },
  ema: { "layers.0.weight": tensor([9, 8, 7, 6], [2, 2]), "ema/bias": tensor([-0], [1]) },
};
const { ema: _ema, ...withoutEma } = state;

describe("training state", () => {
  it("comes back bit for bit, with and without an average", () => {
    expect(decodeTrainingState(encodeTrainingState(state))).toEqual(state);
    const decoded = decodeTrainingState(encodeTrainingState(withoutEma));
    expect(decoded).toEqual(withoutEma);
    expect("ema" in decoded).toBe(false);
  });

  it("is a safetensors file with the group before each name, the same bytes for the same state", () => {
    const bytes = encodeTrainingState(withoutEma);
    const { tensors, metadata } = decodeSafetensors(bytes);
    expect(metadata).toEqual({
      format: "diffusion-forcing-training-2",
      step: "1200",
      seed: "7",
      subject: '{"model":{"kind":"test"},"process":{"kind":"gaussian","levels":10}}',
    });
    expect(Object.keys(tensors)).toEqual([
      "first/ema/bias",
      "first/layers.0.weight",
      "parameters/ema/bias",
      "parameters/layers.0.weight",
      "second/ema/bias",
      "second/layers.0.weight",
    ]);
    expect(encodeTrainingState(withoutEma)).toEqual(bytes);
  });

  it("is not read from a safetensors file of another kind", () => {
    expect(failure(() => decodeTrainingState(encodeWeights(state.parameters)))).toBe(
      'corrupt-file: The file is no training checkpoint: its format is "not given", expected "diffusion-forcing-training-2".',
    );
    const newer = encodeSafetensors({}, { format: "diffusion-forcing-training-3", step: "1", seed: "0" });
    expect(failure(() => decodeTrainingState(newer))).toMatch(/^corrupt-file: .*"diffusion-forcing-training-3"/);
  });

  const file = (metadata: Record<string, string>, tensors = {}) =>
    encodeSafetensors(tensors, {
      format: "diffusion-forcing-training-2",
      step: "1",
      seed: "0",
      subject: '{"model":null,"process":null}',
      ...metadata,
    });

  it.each(["", "-1", "1.5", "0x10", "twelve", "9007199254740993"])("refuses the step %j", (step) => {
    expect(failure(() => decodeTrainingState(file({ step })))).toMatch(
      /^corrupt-file: The checkpoint: step is .*; expected a whole number from 0\.$/,
    );
    expect(failure(() => decodeTrainingState(file({ seed: step })))).toMatch(/^corrupt-file: The checkpoint: seed is /);
  });

  it("holds a seed that was a stream, and the best evaluation", () => {
    const best = { step: 3, loss: 0.25, misses: 1, parameters: { w: tensor([1]) } };
    const full: TrainingState = { ...state, seed: [1, 4294967295], best };
    expect(decodeTrainingState(encodeTrainingState(full))).toEqual(full);
    expect(failure(() => decodeTrainingState(file({ seed: "[1]" })))).toMatch(/^corrupt-file/);
    expect(failure(() => decodeTrainingState(file({ best: "{}" })))).toMatch(/^corrupt-file/);
  });

  it("refuses a file without step or seed", () => {
    const bytes = encodeSafetensors({}, { format: "diffusion-forcing-training-2", seed: "0" });
    expect(failure(() => decodeTrainingState(bytes))).toBe(
      "corrupt-file: The checkpoint: step is missing. Expected a whole number from 0.",
    );
  });

  it("refuses tensors of no group or that are not float32", () => {
    const stray = file({}, { weight: tensor([1]) });
    expect(failure(() => decodeTrainingState(stray))).toBe(
      'corrupt-file: Tensor "weight" belongs to none of parameters, first, second, ema, best, range.',
    );
    const integers = file({}, { "first/weight": tensor(Int32Array.of(1)) });
    expect(failure(() => decodeTrainingState(integers))).toBe(
      'corrupt-file: Tensor "first/weight" is int32; weights are float32, F16 or BF16.',
    );
  });

  it("refuses every truncation", () => {
    const bytes = encodeTrainingState(withoutEma);
    for (let length = 0; length < bytes.length; length += 7) {
      expect(failure(() => decodeTrainingState(bytes.slice(0, length)))).toMatch(/^corrupt-file/);
    }
  });
});
