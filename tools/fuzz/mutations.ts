/**
 * Seeded mutations of files and of plain data. A mutation is a list of edits, each drawn on its own, so that a failing
 * input shrinks by leaving edits away.
 */
import type { RandomStream } from "@diffusion-forcing/core";

/** One change of an input; the same edit of the same input always gives the same result. */
export type Edit<T> = { readonly label: string; readonly apply: (input: T) => T };

const pick = <T>(random: RandomStream, items: readonly T[]): T => items[random.integer(0, items.length)] as T;

/** Bytes that mean something to a parser of JSON, of lengths or of text. */
const tellingBytes = [
  0, 1, 7, 0x20, 0x22, 0x2c, 0x2d, 0x30, 0x39, 0x3a, 0x5b, 0x5c, 0x5d, 0x65, 0x7b, 0x7d, 0x7f, 0x80, 0xef, 0xff,
];
const tellingWords = [0n, 1n, 8n, 255n, 65535n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
/** What else a file of that name could be: LFS pointers, pages of errors, archives, a byte order mark. */
const strangers = [
  "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
  "<!doctype html><title>404</title>",
  "PK\u0003\u0004",
  "\ufeff{}",
  "null",
  "[]",
  "",
];

function splice(bytes: Uint8Array, start: number, removed: number, added: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length - removed + added.length);
  result.set(bytes.subarray(0, start));
  result.set(added, start);
  result.set(bytes.subarray(start + removed), start + added.length);
  return result;
}

/** An edit of a file, more often near its start, where headers are. */
export function byteEdit(random: RandomStream, length: number): Edit<Uint8Array> {
  const reach = random.uniform() < 0.6 ? Math.min(length, 300) : length;
  const start = random.integer(0, Math.max(reach, 1));
  const at = (bytes: Uint8Array): number => Math.min(start, bytes.length);
  const size = 1 + random.integer(0, pick(random, [2, 16, 200]));
  const byte = random.uniform() < 0.7 ? pick(random, tellingBytes) : random.integer(0, 256);
  const within = (bytes: Uint8Array): number => Math.min(size, bytes.length - at(bytes));
  switch (random.integer(0, 9)) {
    case 0:
    case 1:
      return {
        label: `byte ${start} = ${byte}`,
        apply: (b) => splice(b, at(b), Math.min(1, b.length - at(b)), Uint8Array.of(byte)),
      };
    case 2: {
      const bit = 1 << random.integer(0, 8);
      return {
        label: `byte ${start} ^= ${bit}`,
        apply: (b) =>
          b.length === 0 ? b : splice(b, at(b) % b.length, 1, Uint8Array.of((b[at(b) % b.length] as number) ^ bit)),
      };
    }
    case 3:
      return { label: `insert ${byte} at ${start}`, apply: (b) => splice(b, at(b), 0, Uint8Array.of(byte)) };
    case 4:
      return { label: `remove ${size} at ${start}`, apply: (b) => splice(b, at(b), within(b), new Uint8Array()) };
    case 5:
      return {
        label: `repeat ${size} at ${start}`,
        apply: (b) => splice(b, at(b), 0, b.slice(at(b), at(b) + within(b))),
      };
    case 6:
      return { label: `cut at ${start}`, apply: (b) => b.slice(0, at(b)) };
    case 7: {
      const word = pick(random, tellingWords);
      const added = new Uint8Array(8);
      new DataView(added.buffer).setBigUint64(0, word, true);
      const place = random.uniform() < 0.5 ? 0 : start;
      return {
        label: `word ${word} at ${place}`,
        apply: (b) => splice(b, Math.min(place, b.length), Math.min(8, b.length - Math.min(place, b.length)), added),
      };
    }
    default: {
      const text = pick(random, strangers);
      return { label: `replaced by ${JSON.stringify(text)}`, apply: () => new TextEncoder().encode(text) };
    }
  }
}

/** Values where others are expected. Each is made anew, since some are large. */
const strangeValues: readonly (readonly [string, () => unknown])[] = [
  ["null", () => null],
  ["true", () => true],
  ["0", () => 0],
  ["-0", () => -0],
  ["-1", () => -1],
  ["0.5", () => 0.5],
  ["1e-320", () => 1e-320],
  ["1e308", () => 1e308],
  ["2^31", () => 2 ** 31],
  ["2^32", () => 2 ** 32],
  ["2^53", () => 2 ** 53],
  ["50000000", () => 50_000_000],
  ["5000000", () => 5_000_000],
  ["100000", () => 100_000],
  ['""', () => ""],
  ['"x"', () => "x"],
  ['"__proto__"', () => "__proto__"],
  ['"constructor"', () => "constructor"],
  ['"toString"', () => "toString"],
  ["a long string", () => "x".repeat(100_000)],
  ["[]", () => []],
  ["{}", () => ({})],
  ["[1]", () => [1]],
  ["[[]]", () => [[]]],
  ["{toString: 1}", () => ({ toString: 1 })],
  ["{valueOf: 1, toString: null}", () => ({ valueOf: 1, toString: null })],
  ["{length: 1e9}", () => ({ length: 1e9 })],
  ["{kind: {kind: ...}} 20,000 deep", () => nested((inner) => ({ kind: inner }))],
  ["[[...]] 20,000 deep", () => nested((inner) => [inner])],
  ["100,000 ones", () => new Array(100_000).fill(1)],
];

/** Values that no JSON has, for options of functions. */
const foreignValues: readonly (readonly [string, () => unknown])[] = [
  ["undefined", () => undefined],
  ["NaN", () => Number.NaN],
  ["Infinity", () => Number.POSITIVE_INFINITY],
  ["-Infinity", () => Number.NEGATIVE_INFINITY],
  ["1n", () => 1n],
  ["a symbol", () => Symbol("s")],
  ["a function", () => () => 1],
  ["a date", () => new Date(0)],
  ["an object without prototype", () => Object.create(null)],
  ["a Float32Array", () => new Float32Array(3)],
  ["an empty Int32Array", () => new Int32Array(0)],
  ["a Map", () => new Map([["a", 1]])],
  ["a sparse array", () => new Array(1000)],
];

function nested(wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1;
  for (let depth = 0; depth < 20_000; depth++) value = wrap(value);
  return value;
}

type Path = readonly (string | number)[];

/** Whether a value is plain data whose members may be edited; models, backends and arrays of numbers are left whole. */
const isPlain = (value: unknown): value is Record<string, unknown> | unknown[] =>
  Array.isArray(value) ||
  (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype);

/** The places in plain data, the root first. */
export function pathsIn(value: unknown, path: Path = [], depth = 0): Path[] {
  if (!isPlain(value) || depth > 6) return [path];
  const keys = Array.isArray(value) ? [...value.keys()].slice(0, 20) : Object.keys(value);
  return [path, ...keys.flatMap((key) => pathsIn((value as never)[key], [...path, key], depth + 1))];
}

/** A copy of plain data with another value at a place; `change` gets the old one. Places that are gone stay gone. */
function edited(value: unknown, path: Path, change: (old: unknown) => unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return change(value);
  if (!isPlain(value)) return value;
  if (Array.isArray(value)) return value.map((item, i) => (i === key ? edited(item, rest, change) : item));
  return { ...value, [key]: edited(value[key as string], rest, change) };
}

/** An edit of plain data: another value, another key, one key less or more. `foreign`: also what no JSON has. */
export function valueEdit(random: RandomStream, base: unknown, foreign: boolean): Edit<unknown> {
  const paths = pathsIn(base);
  // The root itself is replaced seldom.
  const path = random.uniform() < 0.03 ? [] : pick(random, paths);
  const place = path.length === 0 ? "all" : path.join(".");
  const values = foreign ? [...strangeValues, ...foreignValues] : strangeValues;
  const set = (label: string, change: (old: unknown) => unknown): Edit<unknown> => ({
    label: `${place} ${label}`,
    apply: (input) => edited(input, path, change),
  });
  switch (random.integer(0, 8)) {
    case 0: {
      const factor = pick(random, [-1, 0.1, 3, 10, 1000, 1e6, 1e12]);
      return set(`times ${factor}`, (old) => (typeof old === "number" ? old * factor : old));
    }
    case 1: {
      const added = pick(random, [-1, 1, 0.5, -0.5, 2]);
      return set(`plus ${added}`, (old) => (typeof old === "number" ? old + added : old));
    }
    case 2: {
      const key = pick(random, ["lr", "x", "constructor", "toString", "hasOwnProperty", "length", "kind"]);
      return set(`with a key ${key}`, (old) => (isPlain(old) && !Array.isArray(old) ? { ...old, [key]: 1 } : old));
    }
    case 3:
      return set("without one key", (old) => {
        if (!isPlain(old)) return old;
        if (Array.isArray(old)) return old.slice(1);
        return Object.fromEntries(Object.entries(old).slice(1));
      });
    case 4: {
      const other = pick(random, paths);
      const found = other.reduce<unknown>((v, key) => (v as never)?.[key], base);
      // A function of the user's may throw what it likes; nobody can see that it is another one than it should be.
      const isFunction = typeof found === "function";
      return set(`= what is at ${other.join(".")}`, (old) => (isFunction && typeof old === "function" ? old : found));
    }
    default: {
      const [label, make] = pick(random, values);
      return set(`= ${label}`, make);
    }
  }
}

/** JSON of any value; of one nested so deep that JSON.stringify gives up, other JSON that deep. */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return `${'{"kind":'.repeat(20_000)}1${"}".repeat(20_000)}`;
  }
}
