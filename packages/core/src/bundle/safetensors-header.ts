import { DiffusionForcingError, isDiffusionForcingError } from "../engine/errors.js";

/** The element types read and written here under the format's names, with the project's name and array for each. */
export const storedTypes: {
  readonly F32: { readonly dtype: "float32"; readonly array: Float32ArrayConstructor };
  readonly I32: { readonly dtype: "int32"; readonly array: Int32ArrayConstructor };
  readonly BOOL: { readonly dtype: "bool"; readonly array: Uint8ArrayConstructor };
  readonly F64: { readonly dtype: "F64"; readonly array: Float64ArrayConstructor };
  readonly I64: { readonly dtype: "I64"; readonly array: BigInt64ArrayConstructor };
  readonly U8: { readonly dtype: "U8"; readonly array: Uint8ArrayConstructor };
} = {
  F32: { dtype: "float32", array: Float32Array },
  I32: { dtype: "int32", array: Int32Array },
  BOOL: { dtype: "bool", array: Uint8Array },
  F64: { dtype: "F64", array: Float64Array },
  I64: { dtype: "I64", array: BigInt64Array },
  U8: { dtype: "U8", array: Uint8Array },
};
export type StoredDType = keyof typeof storedTypes;

/** The header's key for the free-form strings. */
export const METADATA_KEY = "__metadata__";

/** { name: { field: [number] } } */
const MAX_DEPTH = 3;

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
    checkKeys(text);
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

/**
 * Refuses what `JSON.parse` hides: a key given twice in one object, of which it keeps the last without a word, and
 * the key `__proto__`, which vanishes from whatever object it is next assigned to. Also refuses nesting deeper than a
 * header has, before `JSON.parse` spends minutes on it. Whether `text` is JSON at all is left to `JSON.parse`.
 */
function checkKeys(text: string): void {
  // The keys seen so far of every object that is open; arrays, which have none, are kept for their depth.
  const open: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "{" || character === "[") {
      if (open.length === MAX_DEPTH) throw corrupt("the header is nested deeper than { name: { field: [number] } }.");
      open.push(new Set());
    } else if (character === "}" || character === "]") {
      open.pop();
    } else if (character === '"') {
      const start = i;
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === "\\") i++;
      const end = i + 1;
      while (/\s/.test(text[i + 1] ?? "")) i++;
      const seen = open.at(-1);
      if (text[i + 1] === ":" && seen !== undefined) checkKey(JSON.parse(text.slice(start, end)) as string, seen);
    }
  }
}

function checkKey(key: string, seen: Set<string>): void {
  if (seen.has(key)) throw corrupt(`the header gives ${quote(key)} twice; expected every name once.`);
  if (key === "__proto__") throw corrupt('the header has the name "__proto__", which is not allowed.');
  seen.add(key);
}

function parseMetadata(value: unknown): Record<string, string> {
  if (!isObject(value)) throw corrupt(`${METADATA_KEY} is ${quote(value)}; expected an object of strings.`);
  const metadata: Record<string, string> = {};
  for (const [key, text] of Object.entries(value)) {
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
  const advice =
    dtype === "F16" || dtype === "BF16"
      ? "Half precision is not read: convert the tensor to F32 before saving it (in PyTorch: tensor.float())."
      : `Expected one of ${Object.keys(storedTypes).join(", ")}: convert the tensor before saving it.`;
  throw corrupt(`${what} has dtype ${quote(dtype)}. ${advice}`);
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
