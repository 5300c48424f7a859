import { describe, expect, it } from "vitest";
import { mul, square, sum } from "../../engine/graph/operations.js";
import { trace } from "../../engine/graph/trace.js";
import type { Value } from "../../engine/graph/value.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { cosineSchedule, type NoiseSchedule, sigmoidSchedule } from "../../process/gaussian/schedule.js";
import { variancePreserving } from "../../process/gaussian/variance-preserving.js";
import type { NoiseProcess } from "../../process/process.js";
import { predict, type SteeringOptions } from "../predict.js";
import { walkGraph } from "../walk-graph.js";
import { ddim } from "./ddim.js";

type Objective = "noise" | "x0" | "v";

const processOf = (objective: Objective, schedule: NoiseSchedule): NoiseProcess =>
  variancePreserving(schedule, { objective, noiseClip: 6, limit: { kind: "none" } });

interface Step {
  x: number[];
  from: number[];
  to: number[];
  noise: number[];
}

/** The tokens after one step of a single sequence, by a network that answers half of what it sees. */
function step(
  process: NoiseProcess,
  { eta = 0, ...steering }: Partial<SteeringOptions> & { eta?: number },
  { x, from, to, noise }: Step,
): number[] {
  const shape = [1, x.length];
  const inputs = {
    x: tensor(x, [...shape, 1]),
    from: tensor(Int32Array.from(from), shape),
    to: tensor(Int32Array.from(to), shape),
    noise: tensor(noise, [...shape, 1]),
  };
  const options = { stabilizationLevel: 0, ...steering };
  const graph = trace(inputs, (values) => {
    const predicted = (tokens: Value, levels: Value) =>
      predict(process, (input) => mul(input.tokens, 0.5), options, {}, tokens, levels);
    const { x, from, to, noise } = values;
    return { next: ddim({ eta }).step({ process, predict: predicted, x, from, to, noise: [noise], memory: {} }).x };
  });
  return [...evaluateGraph(graph, inputs).next!.data];
}

describe("ddim", () => {
  // alphaBar is a = 0.00049384359 at level 2 of 2 and b = 0.49384359 at level 1.
  const once: Step = { x: [2], from: [2], to: [1], noise: [3] };

  it.each<[Objective, number, number]>([
    // eps = (2 - sqrt(a) x0) / sqrt(1 - a); next = sqrt(b) x0 + sqrt(1 - b) eps.
    ["x0", 0, 2.1101708], // x0 = 1, eps = 1.9782659
    ["v", 0, 0.7670191], // x0 = sqrt(a) 2 - sqrt(1 - a) 1 = -0.9553079, eps = 2.0217287
    ["noise", 0, 32.342033], // eps = 1, x0 = (2 - sqrt(1 - a)) / sqrt(a) = 45.0103641
    // sigma = sqrt((1 - a / b) (1 - b) / (1 - a)) = 0.7112665, and sqrt(1 - b - sigma^2) = 0.01601 in place of sqrt(1 - b).
    ["x0", 1, 2.8682118],
    ["v", 1, 1.4948344],
    ["noise", 1, 33.780396],
  ])("takes equation 12's step, %s with eta %d", (objective, eta, expected) => {
    const [found] = step(processOf(objective, cosineSchedule(2)), { eta }, once);
    expect(found).toBeCloseTo(expected, objective === "noise" ? 4 : 5);
  });

  it("steps to the estimate of the clean tokens at level 0, whatever eta and the noise", () => {
    const last: Step = { x: [2, 2], from: [2, 1], to: [0, 0], noise: [3, -3] };
    for (const eta of [0, 0.5, 1]) {
      expect(step(processOf("x0", cosineSchedule(2)), { eta }, last)).toEqual([1, 1]);
      const [fromTwo, fromOne] = step(processOf("v", cosineSchedule(2)), { eta }, last) as [number, number];
      expect(fromTwo).toBeCloseTo(-0.9553079, 6);
      expect(fromOne).toBeCloseTo(0.6940334, 6); // sqrt(b) 2 - sqrt(1 - b) 1
    }
  });

  it("draws nothing at eta 0, and uses what it draws above", () => {
    const process = processOf("v", cosineSchedule(50));
    const given: Step = { x: [2, -1], from: [40, 30], to: [39, 20], noise: [3, -3] };
    expect([ddim().draws, ddim({ eta: 0.1 }).draws]).toEqual([0, 1]);
    expect(step(process, {}, given)).toEqual(step(process, {}, { ...given, noise: [100, 7] }));
    expect(step(process, { eta: 0.1 }, given)).not.toEqual(step(process, { eta: 0.1 }, { ...given, noise: [100, 7] }));
  });

  it("moves each token by its own levels alone", () => {
    const process = processOf("v", cosineSchedule(50));
    const both = step(process, { eta: 1 }, { x: [2, -1], from: [50, 30], to: [49, 0], noise: [3, -3] });
    const first = step(process, { eta: 1 }, { x: [2], from: [50], to: [49], noise: [3] });
    const second = step(process, { eta: 1 }, { x: [-1], from: [30], to: [0], noise: [-3] });
    expect(both).toEqual([...first, ...second]);
  });

  it.each(["noise", "x0", "v"] as const)("in a walk keeps tokens whose level stays to the bit, %s", (objective) => {
    const diffusion = {
      model: {
        config: { kind: "halving" },
        tokenShape: [1],
        conditionFeatures: 0,
        parameters: {},
        apply: (_: unknown, { tokens }: { tokens: Value }) => mul(tokens, 0.5),
      },
      process: processOf(objective, cosineSchedule(50)),
      lossWeighting: { kind: "uniform" as const },
    };
    const x = [0.1, 1 / 3, -7, 1e-20, 5];
    const inputs = {
      x: tensor(x, [1, 5, 1]),
      levels: tensor(Int32Array.of(0, 1, 25, 50, 50, 0, 1, 25, 50, 49), [2, 1, 5]),
      noise: tensor([1, 1, 1, 1, 1], [1, 1, 5, 1]),
    };
    const guidance = { reward: (clean: Value) => sum(square(clean), [1, 2]), samples: 1 };
    for (const options of [{}, { stabilizationLevel: 15 }, { guidance }]) {
      for (const eta of [0, 1]) {
        const steering = { solver: ddim({ eta }), stabilizationLevel: 0, ...options };
        const graph = walkGraph(diffusion, steering, { batch: 1, length: 5, steps: 1 });
        const { noise, ...still } = inputs;
        const { data } = evaluateGraph(graph, eta > 0 ? { ...still, noise } : still).x!;
        expect([...data.slice(0, 4)]).toEqual([...Float32Array.from(x.slice(0, 4))]);
        expect(data[4]).not.toBe(5);
      }
    }
  });

  it("refuses an eta outside 0..1", () => {
    expect(() => ddim({ eta: 1.5 })).toThrow(/eta/);
    expect(() => ddim({ eta: Number.NaN })).toThrow(/eta/);
    expect(() => ddim({ variance: 1 } as object)).toThrow(/variance/);
  });
});

describe("the noise of a ddim step", () => {
  const from = Array.from({ length: 50 }, (_, i) => i + 1);

  /** Factors of the predicted and of the fresh noise, where the estimate is 0 and the noise 1. */
  function factors(process: NoiseProcess, from: number[], to: number[], eta: number) {
    const count = from.length;
    const ones = tensor(new Float32Array(count).fill(1), [1, count, 1]);
    const inputs = {
      one: ones,
      from: tensor(Int32Array.from(from), [1, count]),
      to: tensor(Int32Array.from(to), [1, count]),
    };
    const graph = trace(inputs, ({ one, from, to }) => {
      const none = mul(one, 0);
      const moved = (predicted: Value, fresh: Value): Value =>
        ddim({ eta }).step({
          process,
          predict: () => ({ clean: none, noise: predicted }),
          x: none,
          from,
          to,
          noise: [fresh],
          memory: {},
        }).x;
      return { direction: moved(one, none), deviation: moved(none, one) };
    });
    const { direction, deviation } = evaluateGraph(graph, inputs);
    return { direction: Array.from(direction!.data), deviation: Array.from(deviation!.data) };
  }
  const process = processOf("v", cosineSchedule(50));

  it("has the variance of the posterior at eta 1, level by level", () => {
    const to = from.map((level) => level - 1);
    const { deviation } = factors(process, from, to, 1);
    const alpha = process.path!.signal.map((value) => value ** 2);
    const expected = from.map((t) => ((1 - alpha[t]! / alpha[t - 1]!) * (1 - alpha[t - 1]!)) / (1 - alpha[t]!));
    expect(deviation.map((value) => value ** 2)).toEqual(expected.map((value) => expect.closeTo(value, 5)));
  });

  it("is proportional to eta", () => {
    const to = from.map((level) => Math.floor(level / 2));
    const { deviation } = factors(process, from, to, 1);
    expect(factors(process, from, to, 0.3).deviation).toEqual(deviation.map((value) => expect.closeTo(0.3 * value, 6)));
    expect(factors(process, from, to, 0).deviation).toEqual(deviation.map(() => 0));
  });

  it("splits the next level's noise between the old and the new", () => {
    const to = from.map((level) => Math.floor(level / 2));
    for (const eta of [0, 0.3, 1]) {
      const { deviation, direction } = factors(process, from, to, eta);
      expect(deviation.map((value, i) => value ** 2 + direction[i]! ** 2)).toEqual(
        to.map((level) => expect.closeTo(process.path!.noise[level]! ** 2, 5)),
      );
    }
  });

  it("is a number at eta 1, however steep the schedule", () => {
    const fine = processOf("v", cosineSchedule(1000));
    const all = Array.from({ length: 999 }, (_, i) => i + 1);
    const steep = processOf("v", sigmoidSchedule(1000, { tau: 0.1 }));
    const tens = Array.from({ length: 100 }, (_, i) => 10 * i);
    for (const { deviation, direction } of [
      factors(
        fine,
        all.map(() => 1000),
        all,
        1,
      ),
      factors(
        steep,
        tens.map((level) => level + 10),
        tens,
        1,
      ),
    ]) {
      expect([...deviation, ...direction].every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
    }
  });
});
