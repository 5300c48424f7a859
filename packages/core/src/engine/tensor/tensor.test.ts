import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../errors.js";
import { add, trace } from "../graph/index.js";
import { referenceBackend } from "../reference/index.js";
import { allocate } from "./dtype.js";
import { checkHostTensor, checkHostTensors, checkTensor, type HostTensor, tensor, zeros } from "./tensor.js";

/** "code: message" of what `work` throws. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return isDiffusionForcingError(error) ? `${error.code}: ${error.message}` : `leaked ${String(error)}`;
  }
  return "accepted";
}

const shared = (): Float32Array => {
  const data = new Float32Array(new SharedArrayBuffer(8));
  data.set([1, 2]);
  return data;
};

describe("tensor", () => {
  it("looks into the memory of a typed array, and takes its dtype from it", () => {
    const data = Float32Array.of(1, 2, 3, 4);
    const made = tensor(data, [2, 2]);
    expect(made).toEqual({ dtype: "float32", shape: [2, 2], data });
    expect(made.data).toBe(data);
    expect(tensor(Int32Array.of(7)).dtype).toBe("int32");
    expect(tensor(Uint8Array.of(0, 1), [2, 1]).dtype).toBe("bool");
    expect(tensor([1, 2.5]).data).toEqual(Float32Array.of(1, 2.5));
  });

  it("may be empty on the host", () => {
    expect(tensor([], [2, 0, 3])).toEqual({ dtype: "float32", shape: [2, 0, 3], data: new Float32Array(0) });
    expect(zeros("int32", [0]).data.length).toBe(0);
  });

  it("takes arrays of another realm, as views of this one", () => {
    const foreign = runInNewContext("Float32Array.of(5, 1, 2).subarray(1)") as Float32Array;
    expect(foreign instanceof Float32Array).toBe(false);
    const { data } = tensor(foreign, [2, 1]);
    expect(data instanceof Float32Array).toBe(true);
    expect(data).toEqual(Float32Array.of(1, 2));
    foreign[1] = 9;
    expect(data[1]).toBe(9);
    expect(tensor(runInNewContext("[1, 2]")).data).toEqual(Float32Array.of(1, 2));
    expect(tensor(runInNewContext("Int32Array.of(3)")).dtype).toBe("int32");
  });

  it("takes Node's buffers as bytes, without their other behaviour", () => {
    const { data, dtype } = tensor(Buffer.from([0, 1]));
    expect(dtype).toBe("bool");
    expect(Object.getPrototypeOf(data)).toBe(Uint8Array.prototype);
  });

  it("copies memory that is shared between threads", () => {
    const data = shared();
    const made = tensor(data);
    expect(made.data.buffer instanceof ArrayBuffer).toBe(true);
    data[0] = 7;
    expect(made.data).toEqual(Float32Array.of(1, 2));
  });

  it.each([
    [
      () => tensor([1, 2, 3], [2, 2]),
      "shape-mismatch: tensor: it is float32[2, 2], which holds 4 elements, but its data have 3.",
    ],
    [() => tensor([1], [-1]), "shape-mismatch: tensor: the shape is [-1]; expected an array of whole numbers from 0."],
    [
      () => tensor([1], [1.5]),
      "shape-mismatch: tensor: the shape is [1.5]; expected an array of whole numbers from 0.",
    ],
    [
      () => tensor([1], 1 as never),
      "shape-mismatch: tensor: the shape is 1; expected an array of whole numbers from 0.",
    ],
    [
      () => tensor(new Float64Array(2) as never),
      "dtype-mismatch: tensor: the data are a Float64Array of 2 elements; expected a Float32Array, Int32Array, Uint8Array or an array of numbers.",
    ],
    [
      () => tensor("12" as never),
      'dtype-mismatch: tensor: the data are "12"; expected a Float32Array, Int32Array, Uint8Array or an array of numbers.',
    ],
    [
      () => tensor(null as never),
      "dtype-mismatch: tensor: the data are null; expected a Float32Array, Int32Array, Uint8Array or an array of numbers.",
    ],
    [
      () => tensor([[1], [2]] as never),
      "invalid-data: tensor: element 0 is [1]; expected numbers in one flat array, and the sizes in the shape.",
    ],
    [
      () => tensor([0, "1"] as never),
      'invalid-data: tensor: element 1 is "1"; expected numbers in one flat array, and the sizes in the shape.',
    ],
    [
      () => tensor(Uint8Array.of(0, 255)),
      "invalid-data: tensor: it is bool[2], but element 1 is 255; expected 0 or 1.",
    ],
    [
      () => zeros("float32", [Number.NaN]),
      "shape-mismatch: zeros: the shape is [NaN]; expected an array of whole numbers from 0.",
    ],
  ])("refuses what is no tensor: %#", (make, message) => {
    expect(refusal(make)).toBe(message);
  });
});

const lost = (value: HostTensor): unknown => JSON.parse(JSON.stringify(value));

describe("checkHostTensor", () => {
  it("returns what is sound as it is", () => {
    const value = tensor([1, 2], [1, 2]);
    expect(checkHostTensor("x", value)).toBe(value);
    const record = { x: value, y: zeros("bool", [3]) };
    expect(checkHostTensors("weights", record)).toBe(record);
  });

  it("makes arrays of other realms and shared ones fit for engines", () => {
    const data = runInNewContext("Float32Array.of(1, 2)") as Float32Array;
    const foreign = { dtype: "float32", shape: [2], data } as const;
    expect(checkHostTensor("x", foreign)).toEqual(tensor([1, 2]));
    expect(checkHostTensors("weights", { x: foreign })).toEqual({ x: tensor([1, 2]) });
    expect(checkHostTensor("x", { dtype: "float32", shape: [2], data: shared() })).toEqual(tensor([1, 2]));
  });

  it.each([
    [
      undefined,
      "invalid-argument: x is undefined; expected a tensor { dtype, shape, data }. Make one with tensor(data, shape).",
    ],
    [
      [1, 2],
      "invalid-argument: x is [1, 2]; expected a tensor { dtype, shape, data }. Make one with tensor(data, shape).",
    ],
    [
      Float32Array.of(1),
      "invalid-argument: x is a Float32Array of 1 elements; expected a tensor { dtype, shape, data }. Make one with tensor(data, shape).",
    ],
    [
      { dtype: "float16", shape: [1], data: Float32Array.of(1) },
      'dtype-mismatch: x has the dtype "float16"; expected "float32", "int32" or "bool".',
    ],
    [
      { dtype: "toString", shape: [1], data: Float32Array.of(1) },
      'dtype-mismatch: x has the dtype "toString"; expected "float32", "int32" or "bool".',
    ],
    [
      { dtype: "float32", shape: "1", data: Float32Array.of(1) },
      'shape-mismatch: x: the shape is "1"; expected an array of whole numbers from 0.',
    ],
    [
      { dtype: "float32", shape: [1], data: Int32Array.of(1) },
      "dtype-mismatch: x is float32[1], but its data are an Int32Array of 1 elements; expected a Float32Array.",
    ],
    [
      { dtype: "float32", shape: [2, 4, 1], data: Float32Array.of(1) },
      "shape-mismatch: x is float32[2, 4, 1], which holds 8 elements, but its data have 1.",
    ],
    [
      { dtype: "float32", shape: [1], data: { length: 1, 0: { toString: 1 } } },
      /^dtype-mismatch: x is float32\[1\], but its data are an object with 0, length/,
    ],
  ])("refuses %o", (value, message) => {
    if (typeof message === "string") expect(refusal(() => checkHostTensor("x", value))).toBe(message);
    else expect(refusal(() => checkHostTensor("x", value))).toMatch(message);
  });

  it("recognises a tensor that went through JSON and says how to save it", () => {
    expect(refusal(() => checkHostTensor("The state's w", lost(tensor([1, 2]))))).toBe(
      "dtype-mismatch: The state's w is float32[2], but its data are an object with 0, 1; expected a Float32Array. A tensor does not survive JSON: save it with encodeSafetensors(), a training state with encodeTrainingState().",
    );
    expect(refusal(() => checkHostTensors("weights", { w: lost(tensor([1])) }))).toMatch(
      /^dtype-mismatch: weights: "w" is .* JSON/,
    );
  });

  it("refuses a tensor whose memory was transferred to a worker", () => {
    const value = tensor([1, 2]);
    structuredClone(value.data.buffer, { transfer: [value.data.buffer as ArrayBuffer] });
    expect(refusal(() => checkHostTensor("x", value))).toBe(
      "shape-mismatch: x is float32[2], which holds 2 elements, but its data have 0. Its memory was transferred to another thread: send a copy instead.",
    );
  });
});

describe("checkTensor", () => {
  it("takes device tensors, by what they can do", () => {
    const onDevice = { dtype: "float32", shape: [1], device: "gpu", read: async () => tensor([1]), dispose: () => {} };
    expect(checkTensor("x", onDevice)).toBe(onDevice);
    expect(refusal(() => checkTensor("x", { ...onDevice, dtype: 1 }))).toMatch(/^dtype-mismatch: x has the dtype 1/);
    expect(refusal(() => checkTensor("x", { ...onDevice, dispose: 1 }))).toMatch(/^invalid-argument: x is an object/);
  });
});

describe("what enters an executable", () => {
  const graph = trace({ x: { dtype: "float32", shape: [2] } }, ({ x }) => ({ y: add(x, 1) }));
  const run = async (x: unknown): Promise<unknown> => {
    const executable = await referenceBackend().compile(graph);
    return executable.run({ x: x as HostTensor });
  };
  const data = runInNewContext("Float32Array.of(1, 2)") as Float32Array;

  it("is checked and made fit", async () => {
    expect(await run({ dtype: "float32", shape: [2], data })).toEqual({ y: tensor([2, 3]) });
    expect(await run({ dtype: "float32", shape: [2], data: shared() })).toEqual({ y: tensor([2, 3]) });
    await expect(run(lost(tensor([1, 2])))).rejects.toThrow('run: input "x" is float32[2], but its data are an object');
    await expect(run({ dtype: "float32", shape: [2], data: Float32Array.of(1) })).rejects.toThrow(
      'run: input "x" is float32[2], which holds 2 elements, but its data have 1.',
    );
    await expect(run(3)).rejects.toThrow('run: input "x" is 3; expected a tensor');
  });

  it("so are constants", async () => {
    const compile = (x: unknown): Promise<unknown> =>
      referenceBackend().compile(graph, { constants: { x: x as HostTensor } });
    await expect(compile(lost(tensor([1, 2])))).rejects.toThrow("does not survive JSON");
  });
});

describe("allocate", () => {
  it("refuses by name what no engine can hold", () => {
    expect(refusal(() => allocate("float32", 2 ** 31 + 1))).toBe(
      "invalid-argument: A tensor of 2147483649 elements is too large; expected at most 2147483648. Use fewer sequences, or shorter ones.",
    );
    expect(refusal(() => zeros("bool", [1e6, 1e6]))).toContain("A tensor of 1000000000000 elements is too large");
  });
});
