import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../engine/errors.js";
import { trace } from "../engine/graph/trace.js";
import { referenceBackend } from "../engine/reference/index.js";
import { readTensor, tensor } from "../engine/tensor/tensor.js";
import { bayesianFlow } from "./bayesian-flow/continuous.js";
import { discreteBayesianFlow } from "./bayesian-flow/discrete.js";
import { flowMatching } from "./gaussian/flow-matching.js";
import { cosineSchedule } from "./gaussian/schedule.js";
import { variancePreserving } from "./gaussian/variance-preserving.js";
import { lossWeight } from "./loss-weight.js";
import { checkLossWeighting, type LossWeighting } from "./loss-weighting.js";
import type { NoiseProcess } from "./process.js";

const schedule = cosineSchedule(100);

type Objective = "noise" | "x0" | "v";

const weights = (objective: Objective, weighting: LossWeighting, levels: number[]): Promise<number[]> =>
  weightsOf(variancePreserving(schedule, { objective }), weighting, levels);

async function weightsOf(process: NoiseProcess, weighting: LossWeighting, levels: number[]): Promise<number[]> {
  const inputs = { levels: tensor(Int32Array.from(levels), [1, levels.length]) };
  const graph = trace(inputs, (values) => ({ weight: lossWeight(process, values.levels, weighting) }));
  const { weight } = await (await referenceBackend().compile(graph)).run(inputs);
  const read = await readTensor(weight!);
  expect(read.shape).toEqual([1, levels.length]);
  return [...read.data];
}

const close = (values: number[]) => values.map((value) => expect.closeTo(value, 6));

// The official levels 0, 99, 99, 95, 47 are the levels 1, 100, 100, 96, 48 here.
const levels = [1, 100, 100, 96, 48];

describe("min-snr", () => {
  it("gives the official weights under every objective", async () => {
    const weighting: LossWeighting = { kind: "min-snr", clip: 2 };
    expect(await weights("noise", weighting, levels)).toEqual(close([0.00126336, 1, 1, 1, 1]));
    expect(await weights("x0", weighting, levels)).toEqual(close([2, 2.42857e-7, 2.42857e-7, 0.00389612, 1.10528326]));
    expect(await weights("v", weighting, levels)).toEqual(
      close([0.00126256, 2.42857e-7, 2.42857e-7, 0.003881, 0.52500451]),
    );
  });
});

describe("fused-snr", () => {
  it("gives the official weights under every objective", async () => {
    const weighting: LossWeighting = { kind: "fused-snr", clip: 2, decay: 0.9 };
    expect(await weights("noise", weighting, levels)).toEqual(close([0.00126336, 1, 1, 1, 1]));
    expect(await weights("x0", weighting, levels)).toEqual(close([2, 1.8, 1.61999989, 1.45905566, 1.69246364]));
    expect(await weights("v", weighting, levels)).toEqual(
      close([0.00126256, 0.64285713, 0.61832058, 0.5933398, 0.62859297]),
    );
  });

  it("equals min-snr for the first token, which has no past", async () => {
    const [fused] = await weights("v", { kind: "fused-snr", clip: 5, decay: 0.96 }, [30, 50]);
    const [plain] = await weights("v", { kind: "min-snr", clip: 5 }, [30, 50]);
    expect(fused).toBeCloseTo(plain as number, 6);
  });
});

describe("past-snr", () => {
  it("averages the past's limited ratios and gives half the limit to the first token", async () => {
    // Limited ratios over the levels: 1, 1.2e-7, 1.2e-7, 0.00194806, ...; averages 1, 0.9, 0.81, 0.7291948.
    const weighting: LossWeighting = { kind: "past-snr", clip: 2, decay: 0.9 };
    const expected = close([1, 2, 1.8, 1.62, 1.4583896]);
    expect(await weights("noise", weighting, levels)).toEqual(expected);
    expect(await weights("x0", weighting, levels)).toEqual(expected);
  });
});

describe("clamped-snr", () => {
  it("runs from low / high to 1, whatever the objective", async () => {
    const weighting: LossWeighting = { kind: "clamped-snr", low: 0.5, high: 5 };
    expect(await weights("noise", weighting, levels)).toEqual(close([1, 0.1, 0.1, 0.1, 0.22105665]));
    expect(await weights("v", weighting, levels)).toEqual(await weights("x0", weighting, levels));
  });
});

describe("lossWeight", () => {
  it("divides by what the velocity of a straight path charges for an error of the clean estimate", async () => {
    // Level 2 of 8: t = 1/4, ratio 9. An error e of the clean token is one of e / t in the velocity: 16 = (1 + 3)^2.
    const found = await weightsOf(flowMatching({ levels: 8 }), { kind: "min-snr", clip: 5 }, [2, 8]);
    expect(found).toEqual(close([5 / 16, 0]));
  });

  it("fuses ratios for what a straight path or a Bayesian flow charges", async () => {
    // Ratios 9 and 1 of levels 2 and 4 of 8. The first token has no past: 5 / (1 + 2 x 3 + 9). The second: its ratio .2
    // of the limit and a limited past of 1 fuse to 1 - .5 x .8 = .6, a ratio of 3, which costs 1 + 2 sqrt(3) + 3.
    const fused: LossWeighting = { kind: "fused-snr", clip: 5, decay: 0.5 };
    expect(await weightsOf(flowMatching({ levels: 8 }), fused, [2, 4])).toEqual(
      close([5 / 16, 3 / (4 + 2 * Math.sqrt(3))]),
    );
    // A ratio of 9 at level 1 of 2, where an error costs log(10) (1 + 9).
    const flow = bayesianFlow({ levels: 2, finalStd: 0.1 });
    expect(await weightsOf(flow, fused, [1])).toEqual(close([5 / (10 * Math.log(10))]));
    expect(await weightsOf(flow, { kind: "min-snr", clip: 5 }, [1, 2])).toEqual(close([5 / (10 * Math.log(10)), 0]));
  });

  it("is the limit at level 0 where the loss charges the clean token's error itself", async () => {
    expect(await weights("x0", { kind: "min-snr", clip: 2 }, [0])).toEqual([2]);
  });

  it("takes a clamp of one ratio", async () => {
    expect(await weights("v", { kind: "clamped-snr", low: 5, high: 5 }, [1, 100])).toEqual([1, 1]);
  });

  it("is 1 for the uniform weighting", async () => {
    expect(await weights("x0", { kind: "uniform" }, [0, 50, 100])).toEqual([1, 1, 1]);
    expect(await weights("x0", { kind: "uniform", scale: 2.5 }, [0, 50])).toEqual([2.5, 2.5]);
  });

  it("stays finite at level 0", async () => {
    expect(await weights("noise", { kind: "min-snr", clip: 5 }, [0, 0])).toEqual([0, 0]);
    for (const weight of await weights("v", { kind: "fused-snr", clip: 5, decay: 0.9 }, [0, 0, 0])) {
      expect(weight).toBeGreaterThanOrEqual(0);
      expect(weight).toBeLessThan(1e-9);
    }
  });

  it("is nothing where nothing is known and nothing is charged", async () => {
    // Level 5 of 10: t = 1/2, accuracy 15 / 4, and the loss charges K beta(1) t = 7.5.
    const flow = discreteBayesianFlow({ categories: 3, levels: 10 });
    expect(await weightsOf(flow, { kind: "min-snr", clip: 5 }, [5, 10])).toEqual(close([0.5, 0]));
    expect(await weightsOf(flow, { kind: "fused-snr", clip: 5, decay: 0.9 }, [10, 10])).toEqual([0, 0]);
  });

  it.each<unknown>([
    { kind: "min-snr", clip: 0 },
    { kind: "fused-snr", clip: 5, decay: 1.5 },
    { kind: "fused-snr", clip: Number.NaN, decay: 0.9 },
    { kind: "clamped-snr", low: 5, high: 0.5 },
    { kind: "uniform", scale: -1 },
    { kind: "past-snr", clip: 5, decay: 2 },
    { kind: "snr" },
  ])("refuses %j", async (weighting) => {
    const error = await weights("v", weighting as LossWeighting, [1]).catch((thrown: unknown) => thrown);
    expect(isDiffusionForcingError(error, "invalid-config")).toBe(true);
  });

  it.each<[unknown, string]>([
    [null, "undefined"],
    [undefined, "undefined"],
    ["min-snr", "undefined"],
    [{}, "undefined"],
    [{ kind: ["uniform"] }, '["uniform"]'],
    [{ kind: "toString" }, '"toString"'],
  ])("says of %j what its kind is", (weighting, kind) => {
    expect(() => checkLossWeighting(weighting)).toThrow(
      `A loss weighting's kind is ${kind}; the known ones are uniform, `,
    );
  });
});
