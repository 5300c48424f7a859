import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { checkParameters, initializeParameters } from "../models/parameters.js";
import { transformer } from "../models/transformer/index.js";
import { failureOf as failure } from "../testing/fixtures/failure.js";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.js";
import { decodeWeights, encodeWeights } from "./weights.js";

describe("weights", () => {
  const model = transformer({ features: 1, width: 8, layers: 1, heads: 2 });
  const parameters = initializeParameters(model, createRandom(0));

  it("come back bit for bit, with their metadata", () => {
    const bytes = encodeWeights(parameters, { metadata: { note: "base" } });
    const decoded = decodeWeights(bytes);
    expect(decoded).toEqual(parameters);
    checkParameters(model, decoded);
    expect(decodeSafetensors(bytes).metadata).toEqual({ note: "base" });
  });

  it("of another model are told apart", () => {
    const decoded = decodeWeights(encodeWeights(parameters));
    const deeper = transformer({ features: 1, width: 8, layers: 2, heads: 2 });
    expect(failure(() => checkParameters(deeper, decoded))).toMatch(/^checkpoint-mismatch: .*"layers.1.*is missing/);
    const wider = transformer({ features: 1, width: 16, layers: 1, heads: 2 });
    expect(failure(() => checkParameters(wider, decoded))).toMatch(/^checkpoint-mismatch: .*expected float32\[16, 9\]/);
  });

  it("are floats", () => {
    const bytes = encodeSafetensors({ w: { dtype: "F64", shape: [1], data: Float64Array.of(1) } });
    expect(failure(() => decodeWeights(bytes))).toBe(
      'corrupt-file: Tensor "w" is F64; weights are float32, F16 or BF16.',
    );
  });

  it("stored as float16 take half the space and come back as the nearest", () => {
    const [full, half] = [encodeWeights(parameters), encodeWeights(parameters, { dtype: "float16" })];
    expect(half.length).toBeLessThan(0.7 * full.length);
    expect(Object.values(decodeSafetensors(half).tensors).every(({ dtype }) => dtype === "F16")).toBe(true);
    const decoded = decodeWeights(half);
    checkParameters(model, decoded);
    for (const [name, { data }] of Object.entries(parameters)) {
      data.forEach((value, i) => {
        expect(Math.abs((decoded[name]?.data[i] as number) - value)).toBeLessThanOrEqual(
          Math.abs(value) * 2 ** -11 + 2 ** -25,
        );
      });
    }
    expect(decodeWeights(encodeWeights(decoded, { dtype: "float16" }))).toEqual(decoded);
  });

  it("of other programs are read from bfloat16", () => {
    const bytes = encodeSafetensors({ w: { dtype: "BF16", shape: [2], data: Uint16Array.of(0x3f80, 0xc040) } });
    expect(decodeWeights(bytes)).toEqual({ w: tensor([1, -3]) });
  });

  it("beyond float16, or no numbers, are refused", () => {
    for (const value of [65520, Number.NaN, Number.NEGATIVE_INFINITY]) {
      const message = failure(() => encodeWeights({ w: tensor([1, value]) }, { dtype: "float16" }));
      expect(message).toBe(
        `invalid-argument: Weight "w" holds ${value}; float16 reaches to 65504. Save it as float32.`,
      );
    }
    expect(failure(() => encodeWeights({}, { dtype: "float8" as never }))).toContain('"float32" or "float16"');
  });
});
