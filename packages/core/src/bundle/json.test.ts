import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../engine/errors.js";
import { canonicalJson, parseJson } from "./json.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("parseJson", () => {
  it("reads what JSON.parse reads, and passes over a byte order mark", () => {
    expect(parseJson("a.json", bytes('\ufeff{"a":[1,{"a":2}],"b":"\\"}"}'))).toEqual({ a: [1, { a: 2 }], b: '"}' });
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 5 }).filter((value) => !JSON.stringify(value).includes("__proto__")),
        (value) => {
          expect(parseJson("a.json", bytes(JSON.stringify(value)))).toEqual(JSON.parse(JSON.stringify(value)));
        },
      ),
    );
  });

  it.each<[string, Uint8Array, string]>([
    [
      "a key given twice",
      bytes('{"a":1,"b":{"a":2},"\\u0061":3}'),
      'a.json: it gives "a" twice; expected every name once.',
    ],
    ["__proto__", bytes('{"__proto__":{}}'), 'it has the name "__proto__"'],
    [
      "nesting without end",
      bytes(`${'{"kind":'.repeat(20_000)}1${"}".repeat(20_000)}`),
      "nested deeper than 32 levels",
    ],
    [
      "keys without end",
      bytes(`{${Array.from({ length: 70_001 }, (_, i) => `"${i}":1`).join()}}`),
      "more than 70000 names",
    ],
    ["a long file", bytes(" ".repeat(1_000_001)), "the file has 1000001 bytes; at most 1000000 are read"],
    ["half a file", bytes('{"a":'), "this is not valid JSON"],
    ["nothing", bytes(""), "this is not valid JSON"],
    ["a page", bytes("<!doctype html><html>"), "this is an HTML page"],
    ["a Git LFS pointer", bytes("version https://git-lfs.github.com/spec/v1\n"), "this is a Git LFS pointer"],
    ["bytes that are no text", Uint8Array.of(0xff, 0xfe, 0x7b, 0), "this is not valid JSON"],
  ])("refuses %s", (_what, file, message) => {
    let error: unknown;
    try {
      parseJson("a.json", file, { maxKeys: 70_000 });
    } catch (caught) {
      error = caught;
    }
    expect(isDiffusionForcingError(error, "corrupt-file")).toBe(true);
    expect(String(error)).toContain(message);
  });
});

it("canonical JSON does not depend on the order of keys", () => {
  expect(canonicalJson({ b: [{ y: 1, x: null }], a: "z" })).toBe('{"a":"z","b":[{"x":null,"y":1}]}');
});
