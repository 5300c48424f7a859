import { runInNewContext } from "node:vm";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { discreteBayesianFlow } from "./bayesian-flow/discrete.js";
import { processSchema } from "./check-process.js";
import { edm } from "./gaussian/edm.js";

const process = edm({ levels: 5 });

describe("processSchema", () => {
  it("takes the library's processes, and keeps the object", () => {
    expect(v.parse(processSchema, process)).toBe(process);
    const foreign = { ...process, guidanceGain: runInNewContext(`new Float64Array(${process.levels + 1})`) };
    expect(v.is(processSchema, foreign)).toBe(true);
    expect(v.is(processSchema, discreteBayesianFlow({ categories: 3, levels: 5 }))).toBe(true);
  });

  it.each([
    ["no config", { config: undefined }],
    ["half a level", { levels: 4.5 }],
    ["a table of another length", { signalToNoise: new Float64Array(5) }],
    ["a table that is a list", { guidanceGain: [0, 0, 0, 0, 0, 0] }],
    ["nothing that corrupts", { corrupt: undefined }],
    ["a sensitivity of two numbers", { sensitivity: [0, 1] }],
    ["no signal in its terminal", { terminal: { noise: 1 } }],
    ["no number for the terminal's noise", { terminal: { signal: 0, noise: Number.NaN } }],
    ["a limit on noise that is none", { noiseClip: Number.NaN }],
  ])("refuses a process with %s", (_, part) => {
    expect(v.is(processSchema, { ...process, ...part })).toBe(false);
  });
});
