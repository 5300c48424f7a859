import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { configSchema } from "./check-config.js";

const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
};

describe("configSchema", () => {
  it("takes an object with a kind, nested up to 32 deep", () => {
    expect(v.is(configSchema, { kind: "edm", levels: 4, limit: { kind: "static" } })).toBe(true);
    expect(v.is(configSchema, { kind: "own", table: new Float64Array(4), deep: nested(32) })).toBe(true);
    expect(v.is(configSchema, { kind: "own", deep: nested(33) })).toBe(false);
    expect(v.is(configSchema, { kind: "own", deep: nested(20_000) })).toBe(false);
    expect(v.is(configSchema, { kind: "own", levels: [4n] })).toBe(false);
    expect(v.is(configSchema, { kind: 7 })).toBe(false);
    expect(v.is(configSchema, undefined)).toBe(false);
  });

  it("refuses what holds itself, and ends for parts that are shared in 2^32 ways", () => {
    const cyclic: Record<string, unknown> = { kind: "own" };
    cyclic.self = cyclic;
    expect(v.is(configSchema, cyclic)).toBe(false);
    let shared: unknown = {};
    for (let i = 0; i < 31; i++) shared = { left: shared, right: shared };
    expect(v.is(configSchema, { kind: "own", shared })).toBe(true);
  });
});
