import { describe, expect, it } from "vitest";
import { summarize } from "./device-reporter.js";

const nothingAbsent = { absent: new Map<string, string>(), declared: [] };

describe("summarize", () => {
  it("lists the devices on which tests ran", () => {
    const ran = new Map([
      ["core", 500],
      ["reference", 142],
      ["onnx-web-wasm", 7],
    ]);
    expect(summarize(ran, nothingAbsent, true)).toEqual({
      lines: ["Devices tested: reference (142 tests), onnx-web-wasm (7 tests)"],
      failed: false,
    });
  });

  it("says loudly what was not tested and why", () => {
    const absent = new Map([["tfjs-webgpu", "no Chromium was found"]]);
    const { lines, failed } = summarize(new Map([["reference", 1]]), { absent, declared: [] }, true);
    expect(lines).toContain("NOT TESTED:");
    expect(lines).toContain("  tfjs-webgpu: no Chromium was found");
    expect(failed).toBe(false);
  });

  it("fails when a declared device had no test, but not when a part of the suite was asked for", () => {
    const coverage = { absent: new Map<string, string>(), declared: ["reference", "tfjs-wasm"] };
    const ran = new Map([["reference", 142]]);
    const { lines, failed } = summarize(ran, coverage, true);
    expect(lines.at(-1)).toBe("DFORCE_DEVICES declares tfjs-wasm, but not one test ran there.");
    expect(failed).toBe(true);
    expect(summarize(ran, coverage, false).failed).toBe(false);
  });
});
