import { describe, expect, it } from "vitest";
import { z } from "zod";
import { decimal, describeIssues, positive, seedOption, threadsOption, UsageError, whole } from "./options.js";

describe("whole", () => {
  it.each([
    ["0", 0],
    ["42", 42],
    ["007", 7],
    ["9007199254740991", 9007199254740991],
  ] as const)("reads %s", (text, value) => {
    expect(whole("--n")(text)).toBe(value);
  });

  it.each(["", " ", "1.5", "-1", "+1", "1e3", "0x10", "abc", "1 2", "NaN", "Infinity", "9007199254740992"])(
    "refuses %j",
    (text) => {
      expect(() => whole("--n")(text)).toThrow(new UsageError(`--n is "${text}"; expected a whole number from 0.`));
      expect(() => whole("--n")(text)).toThrow(UsageError);
    },
  );

  it("refuses what is below the least", () => {
    expect(whole("--n", 3)("3")).toBe(3);
    expect(() => whole("--n", 3)("2")).toThrow('--n is "2"; expected a whole number from 3.');
  });

  it("refuses what is above the most", () => {
    expect(whole("--n", 3, 5)("5")).toBe(5);
    expect(() => whole("--n", 3, 5)("6")).toThrow('--n is "6"; expected a whole number from 3 to 5.');
  });
});

describe("decimal", () => {
  it.each([
    ["-1.50", -1.5],
    [" +.5", 0.5],
    ["2.", 2],
    ["1e-3", 0.001],
    ["-2E2", -200],
  ] as const)("reads %j", (text, value) => {
    expect(decimal(text)).toBe(value);
  });

  it.each(["", ".", "0x10", "0b1", "0o7", "1_000", "1 2", "e3", "Infinity", "--1"])("reads no number in %j", (text) => {
    expect(decimal(text)).toBeNaN();
  });
});

describe("positive", () => {
  it.each([
    ["0.02", 0.02],
    ["3", 3],
    ["1e-3", 0.001],
  ] as const)("reads %s", (text, value) => {
    expect(positive("--x")(text)).toBe(value);
  });

  it.each(["", " ", "0", "-1", "abc", "NaN", "Infinity", "1,5", "0x10", "0b1", "1e999"])("refuses %j", (text) => {
    expect(() => positive("--x")(text)).toThrow(`--x is "${text}"; expected a number above 0.`);
    expect(() => positive("--x")(text)).toThrow(UsageError);
  });

  it("refuses what is above the most", () => {
    expect(positive("--x", 2)("2")).toBe(2);
    expect(() => positive("--x", 2)("2.1")).toThrow('--x is "2.1"; expected a number above 0, at most 2.');
  });
});

it("the shared options have their defaults and limits", () => {
  expect(seedOption.defaultValue).toBe(0);
  expect(() => threadsOption.parseArg?.("0", undefined)).toThrow(
    '--threads is "0"; expected a whole number from 1 to 1024.',
  );
});

describe("describeIssues", () => {
  const schema = z.strictObject({ a: z.object({ b: z.int() }), c: z.string() });
  const complaints = (value: unknown): string => {
    const { error } = schema.safeParse(value, { reportInput: true });
    return describeIssues(error as z.ZodError);
  };

  it("names each field, what is wrong with it and what was given, one per line", () => {
    const [first, second, third, ...rest] = complaints({ a: { b: 1.5 }, d: 1 }).split("\n");
    expect(first).toMatch(/^ {2}a\.b: .*int.*; given 1\.5$/);
    expect(second).toMatch(/^ {2}c: .*expected string.*; given nothing$/);
    expect(third).toMatch(/^ {2}\(file\): Unrecognized key: "d"/);
    expect(rest).toEqual([]);
  });

  it("keeps lines short whatever was given", () => {
    expect(complaints("x".repeat(1000)).length).toBeLessThan(200);
  });
});
