import * as v from "valibot";
import { DiffusionForcingError, isDiffusionForcingError } from "../engine/errors.js";
import { checkJsonText } from "./json.js";

/** The element types read and written here under the format's names, with the project's name and array for each. */
export const storedTypes: {
  readonly F32: { readonly dtype: "float32"; readonly array: Float32ArrayConstructor };
  readonly I32: { readonly dtype: "int32"; readonly array: Int32ArrayConstructor };
  readonly BOOL: { readonly dtype: "bool"; readonly array: Uint8ArrayConstructor };
  readonly F64: { readonly dtype: "F64"; readonly array: Float64ArrayConstructor };
  readonly I64: { readonly dtype: "I64"; readonly array: BigInt64ArrayConstructor };
  readonly U8: { readonly dtype: "U8"; readonly array: Uint8ArrayConstructor };
  readonly F16: { readonly dtype: "F16"; readonly array: Uint16ArrayConstructor };
  readonly BF16: { readonly dtype: "BF16"; readonly array: Uint16ArrayConstructor };
} = {
  F32: { dtype: "float32", array: Float32Array },
  I32: { dtype: "int32", array: Int32Array },
  BOOL: { dtype: "bool", array: Uint8Array },
  F64: { dtype: "F64", array: Float64Array },
  I64: { dtype: "I64", array: BigInt64Array },
  U8: { dtype: "U8", array: Uint8Array },
  F16: { dtype: "F16", array: Uint16Array },
  BF16: { dtype: "BF16", array: Uint16Array },
};
export type StoredDType = keyof typeof storedTypes;

/** The header's key for the free-form strings. */
export const METADATA_KEY = "__metadata__";

/** The free-form strings, as writers take them. */
export const metadataSchema: v.GenericSchema<Readonly<Record<string, string>>> = v.record(v.string(), v.string());

/** { name: { field: [number] } }; some 60,000 tensors: what `JSON.parse` makes of more keys takes a gigabyte. */
const limits = { maxDepth: 3, maxKeys: 250_000 };

/** Strings of others are carried along, not used. */
const MAX_METADATA = 4096;

/** One tensor's entry: its bytes are begin..end-1 of what follows the header. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** In the order of their bytes. */
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Record<string, string>;
}

export function corrupt(message: string, cause?: unknown): DiffusionForcingError {
  return new DiffusionForcingError("corrupt-file", `safetensors: ${message}`, cause === undefined ? {} : { cause });
}

/** A value from a header as it should appear in a message: JSON, never longer than a line. */
export function quote(value: unknown): string {
  const start = typeof value === "string" || Array.isArray(value) ? value.slice(0, 100) : value;
  const text = JSON.stringify(start) ?? "nothing";
  return text.length <= 100 ? text : `${text.slice(0, 97)}...`;
}

/**
 * Reads and checks the JSON header of a file whose tensors fill `dataBytes` bytes. Nothing in it is believed: after
 * this the entries' shapes match their bytes, and their bytes cover the data exactly once.
 *
 * @throws `corrupt-file` naming the tensor and the numbers that do not fit.
 */
export function parseHeader(text: string, dataBytes: number): Header {
  if (!text.startsWith("{")) throw corrupt(`the header starts with ${quote(text.slice(0, 1))}; expected "{".`);
  let parsed: Record<string, unknown>;
  try {
    checkJsonText(text, limits, (message) => corrupt(`the header: ${message}`));
    parsed = JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    if (isDiffusionForcingError(cause)) throw cause;
    throw corrupt("the header is not valid JSON. The file is damaged or not a safetensors file.", cause);
  }

  let metadata: Record<string, string> = {};
  const entries: HeaderEntry[] = [];
  for (const [name, value] of Object.entries(parsed)) {
    if (name === METADATA_KEY) metadata = parseMetadata(value);
    else entries.push(parseEntry(name, value, dataBytes));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(entries, dataBytes);
  return { entries, metadata };
}

function parseMetadata(value: unknown): Record<string, string> {
  if (!isObject(value)) throw corrupt(`${METADATA_KEY} is ${quote(value)}; expected an object of strings.`);
  const metadata: Record<string, string> = {};
  const entries = Object.entries(value);
  if (entries.length > MAX_METADATA) {
    throw corrupt(`${METADATA_KEY} has ${entries.length} strings; at most ${MAX_METADATA} are read.`);
  }
  for (const [key, text] of entries) {
    if (typeof text !== "string") {
      throw corrupt(`${METADATA_KEY} has ${quote(text)} under ${quote(key)}; expected a string.`);
    }
    metadata[key] = text;
  }
  return metadata;
}

function parseEntry(name: string, value: unknown, dataBytes: number): HeaderEntry {
  const what = `tensor ${quote(name)}`;
  if (!isObject(value)) throw corrupt(`${what} is ${quote(value)}; expected { dtype, shape, data_offsets }.`);
  const dtype = checkDType(value.dtype, what);
  const { shape, data_offsets: offsets } = value;

  if (!isArrayOfSizes(shape)) {
    throw corrupt(`${what} has shape ${quote(shape)}; expected an array of integers from 0 to 2^53 - 1.`);
  }
  let bytes: number = storedTypes[dtype].array.BYTES_PER_ELEMENT;
  for (const axis of shape) {
    bytes *= axis;
    if (!Number.isSafeInteger(bytes)) {
      throw corrupt(`${what} of shape ${quote(shape)} and dtype ${dtype} would take more than 2^53 bytes.`);
    }
  }

  if (!isArrayOfSizes(offsets) || offsets.length !== 2) {
    throw corrupt(`${what} has data_offsets ${quote(offsets)}; expected [begin, end], integers from 0.`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > dataBytes) {
    throw corrupt(
      `${what} has data_offsets [${begin}, ${end}]; expected 0 <= begin <= end <= ${dataBytes}, the data in the file.`,
    );
  }
  if (end - begin !== bytes) {
    throw corrupt(
      `${what} of shape ${quote(shape)} and dtype ${dtype} takes ${bytes} bytes; its data_offsets ` +
        `[${begin}, ${end}] hold ${end - begin}.`,
    );
  }
  return { name, dtype, shape, begin, end };
}

function checkDType(dtype: unknown, what: string): StoredDType {
  if (typeof dtype === "string" && Object.hasOwn(storedTypes, dtype)) return dtype as StoredDType;
  const known = Object.keys(storedTypes).join(", ");
  throw corrupt(`${what} has dtype ${quote(dtype)}. Expected one of ${known}: convert the tensor before saving it.`);
}

/** The entries, in the order of their bytes, must follow one another from 0 to the end of the data. */
function checkCoverage(entries: readonly HeaderEntry[], dataBytes: number): void {
  let covered = 0;
  let last = "the header";
  for (const { name, begin, end } of entries) {
    if (begin !== covered) {
      throw corrupt(
        `tensor ${quote(name)} begins at byte ${begin} of the data, but ${last} ends at ${covered}: ` +
          `${begin < covered ? "they overlap" : "there is a hole"}. Expected every byte to belong to one tensor.`,
      );
    }
    covered = end;
    last = `tensor ${quote(name)}`;
  }
  if (covered !== dataBytes) {
    throw corrupt(`${dataBytes} bytes of data, but ${last} ends at ${covered}: the rest belongs to no tensor.`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isArrayOfSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0 && !Object.is(size, -0));
}
