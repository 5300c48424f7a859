import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { isShape, sizeOf } from "../engine/tensor/shape.js";
import { typedArrayName } from "../engine/typed-array-name.js";
import { recognizeForeign } from "./foreign-file.js";
import { bytesSchema } from "./json.js";
import {
  corrupt,
  METADATA_KEY,
  metadataSchema,
  parseHeader,
  quote,
  type StoredDType,
  storedTypes,
} from "./safetensors-header.js";

/**
 * A tensor in a safetensors file, row-major. The first three are the project's host tensors; the others, under the
 * format's own names, are for data of other programs.
 */
export type SafetensorsTensor =
  | { readonly dtype: "float32"; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: "int32"; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: "bool"; readonly shape: readonly number[]; readonly data: Uint8Array }
  | { readonly dtype: "F64"; readonly shape: readonly number[]; readonly data: Float64Array }
  | { readonly dtype: "I64"; readonly shape: readonly number[]; readonly data: BigInt64Array }
  | { readonly dtype: "U8"; readonly shape: readonly number[]; readonly data: Uint8Array }
  /** The bits of each element; see `fromFloat16Bits`, `fromBfloat16Bits`. */
  | { readonly dtype: "F16" | "BF16"; readonly shape: readonly number[]; readonly data: Uint16Array };

/** What a safetensors file holds. */
export interface SafetensorsContent {
  readonly tensors: Record<string, SafetensorsTensor>;
  /** The free-form strings under `__metadata__`. */
  readonly metadata: Record<string, string>;
}

interface ArrayOver {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): SafetensorsTensor["data"];
  readonly BYTES_PER_ELEMENT: number;
}

const LENGTH_BYTES = 8;

const recordSchema = schemas.satisfying<object>(
  "tensors by name",
  (value) => typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value),
);

/** Room for any model there is. The format's reference implementation accepts 100 MB, which takes `JSON.parse` long. */
const optionsSchema = v.strictObject({ maxHeaderBytes: v.optional(schemas.integer(0), 16_000_000) });

/**
 * A safetensors file (https://huggingface.co/docs/safetensors): the header's length as 8 bytes, a JSON header padded
 * with spaces to a multiple of 8, then the elements, little-endian. Tensors and metadata are sorted by name, so equal
 * content gives equal bytes.
 *
 * @throws `invalid-argument` for what is no tensor, a reserved name or a value of a bool tensor other than 0 and 1,
 * `shape-mismatch` for data that does not fill its shape, `dtype-mismatch` for an array of another type than the dtype
 * says.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, SafetensorsTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  check("encodeSafetensors: the tensors", recordSchema, tensors);
  check("encodeSafetensors: the metadata", metadataSchema, metadata);
  const members: string[] = [];
  const metadataMembers = sortedEntries(metadata).map(([key, text]) => {
    checkName(key, "metadata key");
    return `${JSON.stringify(key)}:${JSON.stringify(text)}`;
  });
  if (metadataMembers.length > 0) members.push(`"${METADATA_KEY}":{${metadataMembers.join()}}`);

  const sorted = sortedEntries(tensors);
  let dataBytes = 0;
  for (const [name, tensor] of sorted) {
    checkName(name, "tensor");
    const stored = checkTensor(name, tensor);
    const end = dataBytes + tensor.data.byteLength;
    const entry = { dtype: stored, shape: tensor.shape, data_offsets: [dataBytes, end] };
    members.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    dataBytes = end;
  }

  const header = new TextEncoder().encode(`{${members.join()}}`);
  const headerBytes = Math.ceil(header.length / 8) * 8;
  const file = new Uint8Array(LENGTH_BYTES + headerBytes + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.set(header, LENGTH_BYTES);
  file.fill(0x20, LENGTH_BYTES + header.length, LENGTH_BYTES + headerBytes);
  let offset = LENGTH_BYTES + headerBytes;
  for (const [, { data }] of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return file;
}

/**
 * Reads a safetensors file. Safe for files from anywhere: every number in them is checked before it is used, and no
 * more is allocated than the file is long.
 *
 * Arrays are views into `bytes` where their alignment allows, copies otherwise.
 *
 * @param options.maxHeaderBytes longest header to accept, 16 MB by default.
 * @throws `corrupt-file` naming the tensor and what does not fit.
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  options: { readonly maxHeaderBytes?: number } = {},
): SafetensorsContent {
  const { maxHeaderBytes } = check("decodeSafetensors", optionsSchema, options);
  check("decodeSafetensors: the file", bytesSchema, bytes);
  // Of a detached array, which has no bytes, not even a view can be made.
  const foreign = bytes.length === 0 ? undefined : recognizeForeign(bytes);
  if (foreign !== undefined && !startsWithLength(bytes)) throw corrupt(`this is no safetensors file but ${foreign}.`);
  if (bytes.length < LENGTH_BYTES) throw corrupt(`the file has ${bytes.length} bytes; expected at least 8.`);
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const available = Math.min(maxHeaderBytes, bytes.length - LENGTH_BYTES);
  if (!(headerBytes <= available)) {
    throw corrupt(
      `the header is said to have ${headerBytes} bytes; expected at most ${available} ` +
        `(the file has ${bytes.length} bytes, and headers are read up to ${maxHeaderBytes}). ` +
        "The file is cut short, damaged, or no safetensors file.",
    );
  }
  const dataStart = LENGTH_BYTES + Number(headerBytes);
  const header = parseHeader(decodeText(bytes.subarray(LENGTH_BYTES, dataStart)), bytes.length - dataStart);

  const tensors: Record<string, SafetensorsTensor> = {};
  for (const { name, dtype, shape, begin, end } of header.entries) {
    const data = viewOrCopy(bytes, dataStart + begin, dataStart + end, dtype);
    if (dtype === "BOOL") checkBooleans(name, data as Uint8Array, corrupt);
    tensors[name] = { dtype: storedTypes[dtype].dtype, shape, data } as SafetensorsTensor;
  }
  return { tensors, metadata: header.metadata };
}

/** Whether the file can be one after all: a length that fits, and the header's brace after it. */
function startsWithLength(bytes: Uint8Array): boolean {
  if (bytes.length < LENGTH_BYTES + 2 || bytes[LENGTH_BYTES] !== 0x7b) return false;
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true) <= bytes.length - LENGTH_BYTES;
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw corrupt("the header is not valid UTF-8. The file is damaged or not a safetensors file.", cause);
  }
}

function viewOrCopy(bytes: Uint8Array, start: number, end: number, dtype: StoredDType): SafetensorsTensor["data"] {
  const array: ArrayOver = storedTypes[dtype].array;
  const aligned = (bytes.byteOffset + start) % array.BYTES_PER_ELEMENT === 0;
  // Not `slice`: that of a Node Buffer, which is a Uint8Array too, does not copy.
  const source = aligned ? bytes.subarray(start, end) : new Uint8Array(bytes.subarray(start, end));
  return new array(source.buffer, source.byteOffset, source.byteLength / array.BYTES_PER_ELEMENT);
}

function checkBooleans(name: string, data: Uint8Array, failure: (message: string) => Error): void {
  const index = data.findIndex((value) => value > 1);
  if (index >= 0) {
    throw failure(`bool tensor ${quote(name)} holds ${data[index]} at index ${index}; expected 0 or 1.`);
  }
}

function checkName(name: string, what: string): void {
  if (name === METADATA_KEY || name === "__proto__") {
    throw invalid(`${what} ${quote(name)}: the name is reserved; rename it.`);
  }
}

/** The format's name for the tensor's dtype. */
function checkTensor(name: string, value: unknown): StoredDType {
  const what = `encodeSafetensors: tensor ${quote(name)}`;
  const { dtype, shape, data } = (value ?? {}) as Partial<SafetensorsTensor>;
  if (dtype === undefined || shape === undefined || data === undefined) {
    throw invalid(`tensor ${quote(name)} is ${describe(value)}; expected a tensor { dtype, shape, data }.`);
  }
  const stored = (Object.keys(storedTypes) as StoredDType[]).find((key) => storedTypes[key].dtype === dtype);
  if (stored === undefined) {
    const known = Object.values(storedTypes).map((type) => type.dtype);
    throw new DiffusionForcingError(
      "dtype-mismatch",
      `${what} has dtype ${describe(dtype)}; expected one of ${known.join(", ")}.`,
    );
  }
  const wanted = storedTypes[stored].array.name;
  if (typedArrayName(data) !== wanted) {
    throw new DiffusionForcingError(
      "dtype-mismatch",
      `${what} of dtype ${dtype} holds ${describe(data)}; expected ${wanted}.`,
    );
  }
  if (!isShape(shape, 0) || sizeOf(shape) !== data.length) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `${what} of shape ${describe(shape)} holds ${data.length} elements; expected ${isShape(shape, 0) ? sizeOf(shape) : "a shape of whole numbers from 0"}.`,
    );
  }
  if (dtype === "bool") checkBooleans(name, data as Uint8Array, invalid);
  return stored;
}

function invalid(message: string): DiffusionForcingError {
  return new DiffusionForcingError("invalid-argument", `encodeSafetensors: ${message}`);
}

/** Sorted by UTF-16 code units: the same in every locale. */
function sortedEntries<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
