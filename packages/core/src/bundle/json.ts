import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError, isDiffusionForcingError } from "../engine/errors.js";
import { typedArrayName } from "../engine/typed-array-name.js";
import { recognizeForeign } from "./foreign-file.js";

export interface JsonLimits {
  /** Deepest nesting of objects and arrays. Default 32. */
  readonly maxDepth?: number;
  /** Most keys, in all objects together. Default 100,000. */
  readonly maxKeys?: number;
  /** Most bytes. Default 1 MB. */
  readonly maxBytes?: number;
}

/** The content of a file: of whatever realm, and a Buffer too. */
export const bytesSchema: v.GenericSchema<Uint8Array> = schemas.satisfying<Uint8Array>(
  "its bytes, a Uint8Array",
  (value) => typedArrayName(value) === "Uint8Array",
);

const limit = v.optional(schemas.integer(0));
const limitsSchema = v.strictObject({ maxDepth: limit, maxKeys: limit, maxBytes: limit });

/**
 * JSON out of a file that nobody vouches for. A byte order mark is passed over. Refused is what `JSON.parse` hides or
 * chokes on: a key given twice in one object, of which it keeps the last without a word; the key `__proto__`, which
 * vanishes from whatever it is next assigned to; nesting and numbers of keys without end.
 *
 * @param what the file, as the message begins.
 * @throws `corrupt-file`, `invalid-argument` for what are no bytes or no limits
 */
export function parseJson(what: string, bytes: Uint8Array, limits: JsonLimits = {}): unknown {
  check("parseJson: the file", bytesSchema, bytes);
  check("parseJson", limitsSchema, limits);
  const { maxBytes = 1_000_000 } = limits;
  const refuse = (message: string, cause?: unknown): DiffusionForcingError =>
    new DiffusionForcingError("corrupt-file", `${what}: ${message}`, cause === undefined ? {} : { cause });
  if (bytes.length > maxBytes) throw refuse(`the file has ${bytes.length} bytes; at most ${maxBytes} are read.`);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    checkJsonText(text, limits, refuse);
    return JSON.parse(text) as unknown;
  } catch (cause) {
    if (isDiffusionForcingError(cause)) throw cause;
    const found = bytes.length === 0 ? undefined : recognizeForeign(bytes);
    const isKnown = found !== undefined && found !== "JSON text";
    throw refuse(isKnown ? `this is ${found}.` : `this is not valid JSON (${(cause as Error).message}).`, cause);
  }
}

/** Checks keys and nesting of a text; whether it is JSON at all is left to `JSON.parse`. */
export function checkJsonText(
  text: string,
  { maxDepth = 32, maxKeys = 100_000 }: JsonLimits,
  refuse: (message: string) => Error,
): void {
  // The keys seen so far of every object that is open; arrays, which have none, are kept for their depth.
  const open: Set<string>[] = [];
  let keys = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "{" || character === "[") {
      if (open.length === maxDepth) throw refuse(`it is nested deeper than ${maxDepth} levels.`);
      open.push(new Set());
    } else if (character === "}" || character === "]") {
      open.pop();
    } else if (character === '"') {
      const start = i;
      let isEscaped = false;
      for (i++; i < text.length && text[i] !== '"'; i++) {
        if (text[i] !== "\\") continue;
        isEscaped = true;
        i++;
      }
      const end = i;
      while (/\s/.test(text[i + 1] ?? "")) i++;
      const seen = open.at(-1);
      if (text[i + 1] !== ":" || seen === undefined) continue;
      const raw = text.slice(start, end + 1);
      const key = isEscaped ? (JSON.parse(raw) as string) : raw.slice(1, -1);
      if (seen.has(key)) throw refuse(`it gives ${quoteKey(key)} twice; expected every name once.`);
      if (key === "__proto__") throw refuse('it has the name "__proto__", which is not allowed.');
      if (++keys > maxKeys) throw refuse(`it has more than ${maxKeys} names.`);
      seen.add(key);
    }
  }
}

function quoteKey(key: string): string {
  return JSON.stringify(key.length <= 60 ? key : `${key.slice(0, 60)}...`);
}

/** JSON with sorted keys and no spaces: equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
