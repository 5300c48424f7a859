import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../engine/errors.js";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "./safetensors.js";

/** A file with this header, written as text or as a value, and `dataBytes` zero bytes of data. */
function fileOf(header: unknown, dataBytes = 0): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  return file;
}

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

const everyType: Record<string, SafetensorsTensor> = {
  weight: { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, -2.5, 0, Number.NaN, 1e-40, Infinity) },
  step: { dtype: "int32", shape: [], data: Int32Array.of(-7) },
  mask: { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) },
  table: { dtype: "F64", shape: [2], data: Float64Array.of(0.1, Math.PI) },
  levels: { dtype: "I64", shape: [2], data: BigInt64Array.of(-1n, 2n ** 62n) },
  pixels: { dtype: "U8", shape: [1, 2], data: Uint8Array.of(0, 255) },
  empty: { dtype: "float32", shape: [0, 4], data: new Float32Array(0) },
};

describe("encodeSafetensors", () => {
  it("writes length, padded header and data, sorted by name", () => {
    const file = encodeSafetensors(
      {
        b: { dtype: "int32", shape: [1], data: Int32Array.of(258) },
        a: { dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) },
      },
      { step: "3", note: "é" },
    );
    const header =
      '{"__metadata__":{"note":"é","step":"3"},' +
      '"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]},' +
      '"b":{"dtype":"I32","shape":[1],"data_offsets":[2,6]}}';
    const padded = 152;
    expect(Array.from(file.subarray(0, 8))).toEqual([padded, 0, 0, 0, 0, 0, 0, 0]);
    expect(new TextDecoder().decode(file.subarray(8, 8 + padded))).toBe(`${header}    `);
    expect(Array.from(file.subarray(8 + padded))).toEqual([1, 0, 2, 1, 0, 0]);
  });

  it("does not depend on the order in which tensors and metadata are given", () => {
    const reversed = Object.fromEntries(Object.entries(everyType).reverse());
    expect(encodeSafetensors(reversed, { a: "1", b: "2" })).toEqual(encodeSafetensors(everyType, { b: "2", a: "1" }));
  });

  const one = (tensor: unknown, name = "w") => ({ [name]: tensor }) as Record<string, SafetensorsTensor>;
  const scalar = { dtype: "float32", shape: [], data: Float32Array.of(1) };
  it.each<[string, Record<string, SafetensorsTensor>, string, string]>([
    ["an unknown dtype", one({ ...scalar, dtype: "float16" }), "dtype-mismatch", 'tensor "w" has dtype "float16"'],
    ["an array of another type", one({ ...scalar, data: [1] }), "dtype-mismatch", "holds [1]; expected Float32Array"],
    ["too few elements", one({ ...scalar, shape: [2] }), "shape-mismatch", "shape [2] holds 1 elements; expected 2"],
    ["a negative axis", one({ ...scalar, shape: [-1, -1] }), "shape-mismatch", "shape [-1, -1]"],
    ["the name __metadata__", one(scalar, "__metadata__"), "invalid-argument", "the name is reserved"],
    ["the name __proto__", JSON.parse('{"__proto__":1}'), "invalid-argument", 'tensor "__proto__"'],
    [
      "a bool of 2",
      one({ dtype: "bool", shape: [1], data: Uint8Array.of(2) }),
      "invalid-argument",
      "holds 2 at index 0",
    ],
  ])("refuses %s", (_, tensors, code, message) => {
    const error = errorOf(() => encodeSafetensors(tensors));
    expect(error).toMatchObject({ code });
    expect(String(error)).toContain(message);
  });
});

describe("decodeSafetensors", () => {
  it("reads back every type, bit for bit", () => {
    const { tensors, metadata } = decodeSafetensors(encodeSafetensors(everyType, { format: "1" }));
    expect(tensors).toEqual(everyType);
    expect(metadata).toEqual({ format: "1" });
  });

  it("reads a file that starts at an odd byte of its buffer", () => {
    const file = encodeSafetensors(everyType);
    // A Node Buffer too: what `readFile` gives, and a Uint8Array with a `slice` of its own.
    for (const whole of [new Uint8Array(file.length + 3), Buffer.alloc(file.length + 3)]) {
      const shifted = whole.subarray(3);
      shifted.set(file);
      expect(decodeSafetensors(shifted).tensors).toEqual(everyType);
    }
  });

  it("views aligned data instead of copying it", () => {
    const file = encodeSafetensors({ w: { dtype: "float32", shape: [1], data: Float32Array.of(1) } });
    expect(decodeSafetensors(file).tensors.w!.data.buffer).toBe(file.buffer);
  });

  it("reads what other writers may write: any order, escapes, unknown fields, odd names, no padding", () => {
    const header =
      '{ "b\\"{":{"shape":[1],"data_offsets":[4,5],"dtype":"U8","extra":["]"]},' +
      '"constructor" : {"dtype":"F32","shape":[],"data_offsets":[0,4]} }\n';
    expect(decodeSafetensors(fileOf(header, 5)).tensors).toEqual({
      'b"{': { dtype: "U8", shape: [1], data: Uint8Array.of(0) },
      constructor: { dtype: "float32", shape: [], data: Float32Array.of(0) },
    });
    expect(decodeSafetensors(fileOf({}))).toEqual({ tensors: {}, metadata: {} });
  });

  const f32 = (shape: unknown, offsets: unknown) => ({ dtype: "F32", shape, data_offsets: offsets });
  const lengthOf = (length: bigint) => {
    const file = fileOf({});
    new DataView(file.buffer).setBigUint64(0, length, true);
    return file;
  };
  const text = (content: string) => new TextEncoder().encode(content);
  const manyNames = Array.from({ length: 250_001 }, (_, i) => `"${i}":0`).join();
  const boolFile = encodeSafetensors({ mask: { dtype: "bool", shape: [1], data: Uint8Array.of(1) } });
  boolFile[boolFile.length - 1] = 7;

  it.each<[string, Uint8Array, string]>([
    ["an empty file", new Uint8Array(0), "the file has 0 bytes; expected at least 8"],
    ["a header longer than the file", lengthOf(3n), "have 3 bytes; expected at most 2 (the file has 10 bytes"],
    ["a header length of 2^64 - 1", lengthOf(2n ** 64n - 1n), "have 18446744073709551615 bytes"],
    ["a header length of 0", lengthOf(0n), 'the header starts with ""; expected "{"'],
    ["a header that is not an object", fileOf("[]"), 'the header starts with "["'],
    ["a byte order mark", fileOf("\ufeff{}"), "the header starts with"],
    ["JSON that breaks off", fileOf('{"a":'), "the header is not valid JSON"],
    ["a string that breaks off", fileOf('{"a\\'), "the header is not valid JSON"],
    ["a key with a bad escape", fileOf('{"\\x":1}'), "the header is not valid JSON"],
    ["a key outside of any object", fileOf('{}"a":1'), "the header is not valid JSON"],
    ["invalid UTF-8", fileOf("{}").map((byte, i) => (i === 9 ? 0xff : byte)), "not valid UTF-8"],
    [
      "a name given twice",
      fileOf('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"\\u0061":{}}', 4),
      'gives "a" twice',
    ],
    ["a field given twice", fileOf('{"a":{"dtype":"F32","dtype":"I32"}}'), 'gives "dtype" twice'],
    ["a metadata key given twice", fileOf('{"__metadata__":{"k":"1","k" :"2"}}'), 'gives "k" twice'],
    ["a tensor named __proto__", fileOf('{"__proto__":{"dtype":"F32"}}'), 'the name "__proto__"'],
    ["__proto__ in metadata", fileOf('{"__metadata__":{"__proto__":"x"}}'), 'the name "__proto__"'],
    ["deep nesting", fileOf(`{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`), "nested deeper"],
    ["metadata that is a list", fileOf({ __metadata__: [] }), "__metadata__ is []; expected an object of strings"],
    ["metadata that is a number", fileOf({ __metadata__: { k: 1 } }), '__metadata__ has 1 under "k"'],
    ["an entry that is no object", fileOf({ a: null }), 'tensor "a" is null'],
    ["no dtype", fileOf({ a: {} }), 'tensor "a" has dtype nothing'],
    ["an unknown dtype", fileOf({ a: { dtype: "toString" } }), 'has dtype "toString". Expected one of F32, I32, BOOL'],
    ["an eight-bit float", fileOf({ a: { dtype: "F8_E4M3" } }), 'has dtype "F8_E4M3". Expected one of F32, I32, BOOL'],
    [
      "a Git LFS pointer",
      text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
      "but a Git LFS pointer",
    ],
    ["a page", text("\n<!DOCTYPE html><title>404</title>"), "but an HTML page"],
    [
      "a zip archive",
      Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8),
      "but a zip archive, as PyTorch's own checkpoints",
    ],
    ["a pickle", Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46), "but a Python pickle"],
    ["JSON", text('{"kind":"transformer"}'), "but JSON text"],
    ["a file cut short", encodeSafetensors(everyType).slice(0, 60), "The file is cut short, damaged"],
    [
      "more metadata than anyone reads",
      fileOf({ __metadata__: Object.fromEntries(Array.from({ length: 4097 }, (_, i) => [`k${i}`, ""])) }),
      "__metadata__ has 4097 strings; at most 4096",
    ],
    ["more names than any model has", fileOf(`{${manyNames}}`), "it has more than 250000 names"],
    ["no shape", fileOf({ a: { dtype: "F32" } }), 'tensor "a" has shape nothing'],
    ["a fractional axis", fileOf({ a: f32([1.5], [0, 6]) }, 6), "has shape [1.5]"],
    ["a negative axis", fileOf({ a: f32([-1, -1], [0, 4]) }, 4), "has shape [-1,-1]"],
    ["an axis of minus zero", fileOf('{"a":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}'), "has shape [0]"],
    [
      "an axis beyond 2^53",
      fileOf('{"a":{"dtype":"F32","shape":[1e300],"data_offsets":[0,4]}}', 4),
      "has shape [1e+300]",
    ],
    ["an overflowing shape", fileOf({ a: f32([2 ** 52, 2 ** 52, 0], [0, 0]) }), "would take more than 2^53 bytes"],
    ["one offset", fileOf({ a: f32([], [0]) }), "has data_offsets [0]; expected [begin, end]"],
    ["a negative offset", fileOf({ a: f32([], [-4, 0]) }), "has data_offsets [-4,0]"],
    ["offsets the wrong way round", fileOf({ a: f32([], [4, 0]) }, 4), "[4, 0]; expected 0 <= begin <= end <= 4"],
    ["offsets beyond the file", fileOf({ a: f32([2], [0, 8]) }, 7), "[0, 8]; expected 0 <= begin <= end <= 7"],
    [
      "a shape of another size",
      fileOf({ a: f32([3], [0, 8]) }, 8),
      "shape [3] and dtype F32 takes 12 bytes; its data_offsets [0, 8] hold 8",
    ],
    [
      "overlap",
      fileOf({ a: f32([2], [0, 8]), b: f32([2], [4, 12]) }, 12),
      'tensor "b" begins at byte 4 of the data, but tensor "a" ends at 8: they overlap',
    ],
    ["two tensors in one place", fileOf({ a: f32([], [0, 4]), b: f32([], [0, 4]) }, 4), "they overlap"],
    ["an empty tensor inside another", fileOf({ a: f32([2], [0, 8]), b: f32([0], [4, 4]) }, 8), "they overlap"],
    ["a hole", fileOf({ a: f32([], [0, 4]), b: f32([], [8, 12]) }, 12), 'tensor "a" ends at 4: there is a hole'],
    ["a hole at the start", fileOf({ a: f32([], [4, 8]) }, 8), "but the header ends at 0: there is a hole"],
    ["trailing bytes", fileOf({ a: f32([], [0, 4]) }, 5), '5 bytes of data, but tensor "a" ends at 4'],
    ["a bool of 7", boolFile, 'bool tensor "mask" holds 7 at index 0; expected 0 or 1'],
  ])("refuses %s", (_, file, message) => {
    const error = errorOf(() => decodeSafetensors(file));
    expect(isDiffusionForcingError(error, "corrupt-file")).toBe(true);
    expect(String(error)).toContain(message);
  });

  it.each([["text"], [undefined], [[1, 2, 3]], [new ArrayBuffer(8)]])("refuses what are no bytes: %o", (wrong) => {
    expect(() => decodeSafetensors(wrong as never)).toThrow(/expected its bytes, a Uint8Array/);
  });

  it("refuses a header beyond the limit it is given", () => {
    const file = encodeSafetensors(everyType);
    const error = errorOf(() => decodeSafetensors(file, { maxHeaderBytes: 100 }));
    expect(String(error)).toContain("headers are read up to 100");
  });

  it("keeps messages short whatever a name holds", () => {
    const file = fileOf({ ["x".repeat(100_000)]: { dtype: "F32", shape: new Array(50_000).fill(-1) } });
    expect(String(errorOf(() => decodeSafetensors(file))).length).toBeLessThan(400);
  });
});

describe("safetensors: laws", () => {
  const shapes = fc.array(fc.nat({ max: 3 }), { maxLength: 3 });
  const ofSize = (shape: number[]) => shape.reduce((product, axis) => product * axis, 1);
  const tensor: fc.Arbitrary<SafetensorsTensor> = shapes.chain((shape) => {
    const length = { minLength: ofSize(shape), maxLength: ofSize(shape) };
    return fc.oneof(
      fc.float32Array(length).map((data) => ({ dtype: "float32" as const, shape, data })),
      fc.int32Array(length).map((data) => ({ dtype: "int32" as const, shape, data })),
      fc.uint8Array({ ...length, max: 1 }).map((data) => ({ dtype: "bool" as const, shape, data })),
      fc.float64Array(length).map((data) => ({ dtype: "F64" as const, shape, data })),
      fc.bigInt64Array(length).map((data) => ({ dtype: "I64" as const, shape, data })),
      fc.uint8Array(length).map((data) => ({ dtype: "U8" as const, shape, data })),
    );
  });
  const name = fc.string({ unit: "binary" }).filter((text) => text !== "__proto__" && text !== "__metadata__");
  const record = <T>(value: fc.Arbitrary<T>) => fc.dictionary(name, value, { maxKeys: 5, noNullPrototype: true });

  it("decode(encode(x)) is x, and encoding again gives the same bytes", () => {
    fc.assert(
      fc.property(record(tensor), record(fc.string({ unit: "binary" })), (tensors, metadata) => {
        const file = encodeSafetensors(tensors, metadata);
        const decoded = decodeSafetensors(file);
        expect(decoded).toEqual({ tensors, metadata });
        expect(encodeSafetensors(decoded.tensors, decoded.metadata)).toEqual(file);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  const byte = fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(...Array.from('{}[]",:\\-0e9', (c) => c.charCodeAt(0))));
  it("a damaged file is read or refused with corrupt-file, never anything else", () => {
    const file = encodeSafetensors(everyType, { format: "1" });
    let refused = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: file.length - 1 }), byte), { minLength: 1, maxLength: 4 }),
        fc.oneof(fc.constant(file.length), fc.nat({ max: file.length })),
        (changes, length) => {
          const damaged = file.slice(0, length);
          for (const [position, value] of changes) if (position < length) damaged[position] = value;
          const error = errorOf(() => decodeSafetensors(damaged));
          if (error === undefined) return;
          refused++;
          expect(isDiffusionForcingError(error, "corrupt-file"), String(error)).toBe(true);
        },
      ),
      { seed: 1, numRuns: 5000 },
    );
    expect(refused).toBeGreaterThan(2500);
  });

  it("so is a header made of arbitrary JSON", () => {
    const fields = fc.record(
      {
        dtype: fc.oneof(fc.constantFrom("F32", "U8", "BOOL"), fc.jsonValue({ maxDepth: 1 })),
        shape: fc.oneof(fc.array(fc.integer()), fc.jsonValue({ maxDepth: 1 })),
        data_offsets: fc.oneof(fc.array(fc.nat({ max: 16 }), { maxLength: 3 }), fc.jsonValue({ maxDepth: 1 })),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.oneof(fields, fc.jsonValue())),
        fc.nat({ max: 16 }),
        (header, dataBytes) => {
          const error = errorOf(() => decodeSafetensors(fileOf(header, dataBytes)));
          if (error !== undefined) expect(isDiffusionForcingError(error, "corrupt-file"), String(error)).toBe(true);
        },
      ),
      { seed: 1, numRuns: 2000 },
    );
  });
});
