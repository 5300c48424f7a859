import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import { failureOf as failure } from "../testing/fixtures/failure.js";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.js";
import { encodeTrainingState } from "./training-checkpoint.js";
import { decodeWeights, encodeWeights } from "./weights.js";

const writers: readonly (readonly [string, (value: never) => unknown])[] = [
  ["encodeSafetensors: the tensors", encodeSafetensors],
  ["encodeWeights: the weights", encodeWeights],
  ["encodeTrainingState: the state", encodeTrainingState],
];

describe.each(writers)("%s", (what, write) => {
  it.each([undefined, null, 5, "text", () => {}, []])("are not %o", (value) => {
    expect(failure(() => write(value as never))).toMatch(
      new RegExp(`^invalid-argument: ${what}(: the value is| are) `),
    );
  });
});

describe("tensors that are written", () => {
  it.each([null, 5, {}, { dtype: "float32", data: new Float32Array(1) }])("are none like %o", (value) => {
    const record = { w: value } as never;
    expect(failure(() => encodeSafetensors(record))).toMatch(/^invalid-argument: .*"w" is .*expected a tensor/);
    expect(failure(() => encodeWeights(record))).toMatch(/^invalid-argument: .*"w" is .*expected a tensor/);
  });

  it("may be of another realm", () => {
    const foreign = runInNewContext("({ dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) })");
    const bytes = encodeSafetensors({ w: foreign });
    expect(bytes).toEqual(encodeSafetensors({ w: tensor([1, 2]) }));
    for (const dtype of ["float32", "float16"] as const) {
      expect(decodeWeights(encodeWeights({ w: foreign }, { dtype }))).toEqual({ w: tensor([1, 2]) });
    }
    const bytesOfAnother = runInNewContext("(bytes) => Uint8Array.from(bytes)")(bytes);
    expect(decodeSafetensors(bytesOfAnother).tensors).toEqual({ w: tensor([1, 2]) });
  });

  it("are float32 if they are weights, whatever they are stored as: nothing else is read back", () => {
    for (const dtype of ["float32", "float16"] as const) {
      expect(failure(() => encodeWeights({ w: tensor(Int32Array.of(1)) }, { dtype }))).toMatch(
        /^dtype-mismatch: encodeWeights: the weights: "w" is int32\[1\]; expected float32\./,
      );
    }
  });

  it("have strings beside them", () => {
    for (const metadata of [5, null, { a: 1 }]) {
      expect(failure(() => encodeSafetensors({}, metadata as never))).toMatch(/^invalid-argument: .*metadata/);
    }
  });
});

it("decodeSafetensors takes bytes alone, and none that went to another thread", () => {
  expect(failure(() => decodeSafetensors(new Float32Array(4) as never))).toMatch(
    /^invalid-argument: decodeSafetensors: the file: .*a Float32Array.*expected its bytes, a Uint8Array/,
  );
  const bytes = encodeSafetensors({});
  structuredClone(bytes, { transfer: [bytes.buffer] });
  expect(failure(() => decodeSafetensors(bytes))).toMatch(/^corrupt-file: .*has 0 bytes/);
});

describe("a training state that could not be read back is not written", () => {
  const w = { w: tensor([1]) };
  const state = { step: 1, seed: 0, subject: { model: {} }, parameters: w, first: w, second: w };

  it.each<[object, RegExp]>([
    [{ step: Number.NaN }, /^invalid-argument: encodeTrainingState: the state: step is NaN; expected a whole number/],
    [{ seed: -1 }, /the state: seed is -1; expected a whole number from 0, or two of 32 bits\./],
    [{ subject: undefined }, /the state: subject is/],
    [{ best: { step: 1, loss: Number.NaN, misses: 0, parameters: w } }, /best.loss is NaN/],
    [{ best: { step: 1, loss: 1, misses: 0 } }, /the state's best are undefined/],
    [{ parameters: null }, /the state's parameters are null; expected tensors by name/],
    [{ first: undefined }, /the state's first are undefined/],
    [{ ema: { w: tensor(Int32Array.of(1)) } }, /^dtype-mismatch: .*the state's ema: "w" is int32/],
  ])("%o", (wrong, message) => {
    expect(failure(() => encodeTrainingState({ ...state, ...wrong } as never))).toMatch(message);
  });
});
