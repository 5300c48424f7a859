import { describe, expect, it } from "vitest";
import { bayesianFlow } from "./bayesian-flow/continuous.js";
import { edm } from "./gaussian/edm.js";
import { flowMatching } from "./gaussian/flow-matching.js";
import { cosineSchedule, linearSchedule, sigmoidSchedule } from "./gaussian/schedule.js";
import { variancePreserving } from "./gaussian/variance-preserving.js";
import type { NoiseProcess } from "./process.js";
import { processFromConfig } from "./process-from-config.js";

/** What is data of a process: its functions are the same if these are. */
const dataOf = (process: NoiseProcess) =>
  Object.fromEntries(Object.entries(process).filter(([, value]) => typeof value !== "function"));

describe("processFromConfig", () => {
  it.each<[string, NoiseProcess]>([
    ["variance preserving", variancePreserving(cosineSchedule(30), { objective: "noise", noiseClip: 6 })],
    ["of a sigmoid", variancePreserving(sigmoidSchedule(30, { tau: 0.7 }), { limit: { kind: "static", bound: 2 } })],
    ["of a line", variancePreserving(linearSchedule(30), { objective: "x0", limit: { kind: "none" } })],
    ["flow matching", flowMatching({ levels: 30, shift: 3 })],
    ["flow matching of clean tokens", flowMatching({ levels: 30, objective: "x0" })],
    ["edm", edm({ levels: 30, sigmaMin: 0.01, sigmaMax: 20, rho: 5, sigmaData: 1 })],
    ["a Bayesian flow", bayesianFlow({ levels: 30, finalStd: 0.05, range: 2 })],
  ])("makes of a stored configuration the process again: %s", (_name, process) => {
    const restored = processFromConfig(JSON.parse(JSON.stringify(process.config)));
    expect(dataOf(restored)).toEqual(dataOf(process));
  });

  it("fills in defaults", () => {
    expect(processFromConfig({ kind: "flow-matching" }).config).toEqual(flowMatching().config);
  });

  it("reads further kinds by further readers", () => {
    const mine = { ...flowMatching({ levels: 3 }), config: { kind: "mine" } };
    expect(processFromConfig({ kind: "mine" }, { mine: () => mine })).toBe(mine);
  });

  it.each<[unknown, RegExp]>([
    [null, /kind is undefined; the known ones are variance-preserving, flow-matching, edm, bayesian-flow/],
    ["edm", /kind is undefined; the known ones/],
    [undefined, /kind is undefined; the known ones/],
    [{ kind: ["edm"] }, /kind is \["edm"\]; the known ones/],
    [{ kind: "toString" }, /kind is "toString"; the known ones/],
    [{ kind: "gaussian", schedule: { kind: "cosine", levels: 5 } }, /kind is "gaussian"/],
    [{ kind: "flow-matching", levels: 0 }, /levels/],
    [{ kind: "flow-matching", shift: Number.POSITIVE_INFINITY }, /shift/],
    [{ kind: "flow-matching", objective: "v" }, /objective/],
    [{ kind: "edm", sigmaMin: 3, sigmaMax: 2 }, /sigmaMin below sigmaMax/],
    [{ kind: "edm", limit: { kind: "soft" } }, /limit/],
    [{ kind: "bayesian-flow", finalStd: 2 }, /finalStd/],
    [{ kind: "variance-preserving" }, /noise schedule's kind is undefined/],
    [{ kind: "variance-preserving", schedule: { kind: "cosine", levels: 5 }, clipNoise: 6 }, /clipNoise/],
  ])("refuses %j", (config, message) => {
    expect(() => processFromConfig(config)).toThrow(message);
  });
});
