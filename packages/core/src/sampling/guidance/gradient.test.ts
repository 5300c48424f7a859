import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../../engine/errors.js";
import { add, cast, constant, mean, mul, reshape, slice, square, sub, sum } from "../../engine/graph/operations.js";
import { trace } from "../../engine/graph/trace.js";
import type { Value } from "../../engine/graph/value.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { type HostTensor, tensor } from "../../engine/tensor/tensor.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import { variancePreserving } from "../../process/gaussian/variance-preserving.js";
import type { NoiseProcess } from "../../process/process.js";
import { smallPath } from "../../testing/small-path.js";
import type { Network } from "../network.js";
import { type Estimator, estimatorOf } from "./combined-estimate.js";
import {
  checkGuidance,
  type Guidance,
  guidanceGain,
  guidanceInputTypes,
  guidanceSamples,
  rewardGradient,
} from "./gradient.js";

/** Answers `factor` times what it sees. */
function processOf(factor: number, objective: "noise" | "x0"): Diffused {
  const process = variancePreserving(cosineSchedule(50), { objective, noiseClip: 6, limit: { kind: "none" } });
  return { process, network: ({ tokens }) => mul(tokens, factor) };
}

interface Diffused {
  readonly process: NoiseProcess;
  readonly network: Network;
}

interface Given {
  tokens: HostTensor;
  from: HostTensor;
  /** The levels told to the network, where they are not `from`. */
  told?: HostTensor;
  futureNoise?: HostTensor;
  goal?: HostTensor;
}

/** Each sample's reward and its gradient by the tokens. */
function guide({ process, network }: Diffused, guidance: Guidance, { tokens, from, told, futureNoise, goal }: Given) {
  const inputs = {
    tokens,
    from,
    told: told ?? from,
    ...(futureNoise ? { futureNoise } : {}),
    ...(goal ? { goal } : {}),
  };
  const graph = trace<string>(inputs, (traced) => {
    const context = { x: traced.tokens!, tokens: traced.tokens!, levels: traced.from!, told: traced.told! };
    const estimator = estimatorOf(process, network, undefined);
    const { clean } = estimator(context);
    const futures = traced.futureNoise === undefined ? {} : { futureNoise: traced.futureNoise };
    const guidanceInputs: Record<string, Value> = traced.goal === undefined ? {} : { goal: traced.goal };
    return { ...rewardGradient(process, estimator, guidance, clean, { ...context, ...futures, guidanceInputs }) };
  });
  const { reward, gradient } = evaluateGraph(graph, inputs);
  return { reward: [...reward!.data], gradient: [...gradient!.data] };
}

const levels = (data: number[], shape: number[]) => tensor(Int32Array.from(data), shape);
const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));

/** -mean over tokens of (x0 - goal)^2, with one goal per sample. */
const nearGoal: Guidance["reward"] = (x0, { goal }) =>
  mul(mean(square(sub(x0, reshape(goal!, [-1, 1, 1]))), [1, 2]), -1);

describe("rewardGradient", () => {
  it("differentiates the reward of the one estimate through the network", () => {
    const guided = guide(
      processOf(0.5, "x0"),
      { reward: nearGoal, samples: 1 },
      {
        tokens: tensor([2, 6], [1, 2, 1]),
        from: levels([20, 30], [1, 2]),
        goal: tensor([2], [1]),
      },
    );
    // x0 = (1, 3): reward -(1 + 1) / 2, slope by x0 -2 (x0 - 2) / 2 = (1, -1), by the tokens half of it.
    expect(guided).toEqual({ reward: [-1], gradient: [0.5, -0.5] });
  });

  it.each([1, 3])("does not depend on the batch a sample is in, over %d futures", (samples) => {
    const process = processOf(0.5, "x0");
    const noise = (batch: number) => {
      // Future n of every sample has the noise n.
      const data = Array.from({ length: samples }, (_, n) => new Array<number>(2 * batch).fill(n)).flat();
      return samples === 1 ? {} : { futureNoise: tensor(data, [samples, batch, 2, 1]) };
    };
    const guidance = { reward: nearGoal, samples };
    const alone = guide(process, guidance, {
      tokens: tensor([2, 6], [1, 2, 1]),
      from: levels([20, 30], [1, 2]),
      goal: tensor([2], [1]),
      ...noise(1),
    });
    const among = guide(process, guidance, {
      tokens: tensor([9, 9, 2, 6, -7, 0], [3, 2, 1]),
      from: levels([50, 50, 20, 30, 1, 1], [3, 2]),
      goal: tensor([0, 2, 100], [3]),
      ...noise(3),
    });
    expect(among.reward[1]).toBe(alone.reward[0]);
    expect(among.gradient.slice(2, 4)).toEqual(alone.gradient);
  });

  it("over futures denoises the estimate again from half of every level", () => {
    // Level 50 of 50: x0 = 2, noised to level 25 with alphaBar 0.49384: sqrt(0.49384) 2 +- sqrt(0.50616) 1, denoised by
    // half again. The reward 3 x0 averages to 3 sqrt(0.49384) 2 / 2, its slope is 3 sqrt(0.49384) / 4.
    const guided = guide(
      processOf(0.5, "x0"),
      { reward: (x0) => sum(mul(x0, 3), [1, 2]), samples: 2 },
      {
        tokens: tensor([4], [1, 1, 1]),
        from: levels([50], [1, 1]),
        futureNoise: tensor([1, -1], [2, 1, 1, 1]),
      },
    );
    expect(guided).toEqual({ reward: close([2.1082219]), gradient: close([0.5270555]) });
  });

  it("over futures limits what the network makes of each", () => {
    const process = smallPath({ kind: "static", bound: 1 });
    const network: Network = ({ tokens }) => mul(tokens, 2);
    const guided = guide(
      { process, network },
      { reward: (x0) => sum(mul(x0, 3), [1, 2]), samples: 2 },
      {
        tokens: tensor([0.4], [1, 1, 1]),
        from: levels([2], [1, 1]),
        futureNoise: tensor([1, -1], [2, 1, 1, 1]),
      },
    );
    // .8, noised to level 1: .64 +- .6; twice that is limited to 1 in the first future, and .08 in the other.
    expect(guided).toEqual({ reward: close([(3 * (1 + 0.08)) / 2]), gradient: close([(3 * 2 * 0.8 * 2) / 2]) });
  });

  it("over futures leaves context as it is", () => {
    const guided = guide(
      processOf(0.5, "x0"),
      { reward: (x0) => sum(x0, [1, 2]), samples: 2 },
      {
        tokens: tensor([4, 4], [1, 2, 1]),
        from: levels([0, 1], [1, 2]),
        futureNoise: tensor([100, 100, -100, -100], [2, 1, 2, 1]),
      },
    );
    // The context 4 is denoised once, to 2; level 1 goes to level 0, without noise: 4 to 2 to 1.
    expect(guided).toEqual({ reward: [3], gradient: [0.5, 0.25] });
  });

  it("over futures tells context's pretended level undivided", () => {
    const process = processOf(0.5, "x0");
    const telling: Network = ({ tokens, levels }) => reshape(cast(levels, "float32"), tokens.shape);
    const guided = guide(
      { ...process, network: telling },
      { reward: (x0) => sum(x0, [1, 2]), samples: 2 },
      {
        tokens: tensor([4, 4], [1, 2, 1]),
        from: levels([0, 40], [1, 2]),
        told: levels([15, 40], [1, 2]),
        futureNoise: tensor([0, 0, 0, 0], [2, 1, 2, 1]),
      },
    );
    // The network answers with its levels: 15, and half of 40.
    expect(guided.reward).toEqual([35]);
  });

  it("over futures equals the one estimate in expectation, where both are linear and the denoiser consistent", () => {
    // Predicting no noise, x0 = x / sqrt(alphaBar) at every level. Noise and its negative average to 0 exactly.
    const process = processOf(0, "noise");
    const weights = tensor([1, -2, 0.5], [1, 3, 1]);
    const reward: Guidance["reward"] = (x0, { goal }) => sum(mul(x0, goal!), [1, 2]);
    const goal = (samples: number) => ({ reward, samples });
    const given = { tokens: tensor([0.5, 1, -1], [1, 3, 1]), from: levels([40, 25, 7], [1, 3]), goal: weights };
    const z = [0.3, -1.2, 2, -0.7, 0.9, 0.1];
    const futureNoise = tensor([...z, ...z.map((value) => -value)], [4, 1, 3, 1]);
    const one = guide(process, goal(1), given);
    const four = guide(process, goal(4), { ...given, futureNoise });
    expect(four).toEqual({ reward: close(one.reward), gradient: close(one.gradient) });
    // One-sided noise is told apart.
    const biased = guide(process, goal(2), {
      ...given,
      futureNoise: tensor([...z.slice(0, 3), ...z.slice(0, 3)], [2, 1, 3, 1]),
    });
    expect(Math.abs(biased.reward[0]! - one.reward[0]!)).toBeGreaterThan(0.1);
  });

  it("shows every future its sample's condition and the noise that hides its history", () => {
    // Two samples, two futures: what is estimated is tokens + 10 condition + 100 history noise.
    const inputs = {
      tokens: tensor([1, 2], [2, 1, 1]),
      levels: levels([0, 0], [2, 1]),
      condition: tensor([3, 4], [2, 1, 1]),
      historyNoise: tensor([5, 6], [2, 1, 1]),
      futureNoise: tensor([0, 0, 0, 0], [2, 2, 1, 1]),
    };
    const estimates = trace<string>(inputs, ({ tokens, condition, historyNoise, levels, ...more }) => {
      const stated = { x: tokens!, tokens: tokens!, levels: levels!, told: levels! };
      let seen: Value | undefined;
      const guidance: Guidance = {
        samples: 2,
        reward: (x0) => {
          seen = mul(x0, 1);
          return sum(x0, [1, 2]);
        },
      };
      const estimator: Estimator = (shown) => {
        const clean = add(shown.tokens, add(mul(shown.condition!, 10), mul(shown.historyNoise!, 100)));
        return { clean, noise: clean };
      };
      const given = { ...stated, ...more, condition: condition!, historyNoise: historyNoise! };
      rewardGradient(smallPath(), estimator, guidance, tokens!, given);
      const bare: Estimator = (shown) => {
        expect([shown.condition, shown.historyNoise, Object.keys(shown).length]).toEqual([undefined, undefined, 4]);
        return { clean: shown.tokens, noise: shown.tokens };
      };
      rewardGradient(smallPath(), bare, { ...guidance, reward: (x0) => sum(x0, [1, 2]) }, tokens!, {
        ...stated,
        ...more,
      });
      return { seen: seen! };
    });
    expect(Array.from(evaluateGraph(estimates, inputs).seen!.data)).toEqual([531, 642, 531, 642]);
  });

  it("hands the reward its inputs as they are where there is one future, and repeats them for several", () => {
    const shapes = [1, 3].map((samples) => {
      let found: Value | undefined;
      const inputs = { tokens: tensor([1, 2], [2, 1, 1]), goal: tensor([7, 8], [2]), from: levels([0, 0], [2, 1]) };
      const graph = trace<string>(
        { ...inputs, noise: tensor(new Float32Array(6), [3, 2, 1, 1]) },
        ({ tokens, goal, from, noise }) => {
          const context = { x: tokens!, tokens: tokens!, levels: from!, told: from!, futureNoise: noise! };
          const reward: Guidance["reward"] = (x0, inputs) => {
            found = inputs.goal;
            return sum(x0, [1, 2]);
          };
          const estimator: Estimator = (shown) => ({ clean: shown.tokens, noise: shown.tokens });
          const guided = { ...context, guidanceInputs: { goal: goal! } };
          rewardGradient(smallPath(), estimator, { reward, samples }, tokens!, guided);
          return { goal: mul(found!, 1), isSame: constant(found === goal ? 1 : 0) };
        },
      );
      const { goal, isSame } = evaluateGraph(graph, { ...inputs, noise: tensor(new Float32Array(6), [3, 2, 1, 1]) });
      return [Array.from(goal!.data), isSame!.data[0]];
    });
    expect(shapes).toEqual([
      [[7, 8], 1],
      [[7, 8, 7, 8, 7, 8], 0],
    ]);
  });

  const failure = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      return isDiffusionForcingError(error) ? `${error.code}: ${error.message}` : String(error);
    }
    return "succeeded";
  };
  const given = { tokens: tensor([4, 4], [2, 1, 1]), from: levels([5, 5], [2, 1]) };

  it("refuses rewards that are not one per sample", () => {
    const refused = (reward: Guidance["reward"]) =>
      failure(() => guide(processOf(0.5, "x0"), { reward, samples: 1 }, given));
    expect(refused((() => 1) as never)).toMatch(
      /^invalid-argument: Guidance: reward\(\) returned 1; expected a traced/,
    );
    for (const [given, shown] of [
      [null, "null"],
      [undefined, "undefined"],
      ["up", '"up"'],
      [{}, "an object"],
    ]) {
      expect(refused((() => given) as never)).toContain(`invalid-argument: Guidance: reward() returned ${shown};`);
    }
    expect(refused((x0) => cast(sum(x0, [1, 2]), "int32"))).toMatch(/^shape-mismatch: .*returned int32\[2\]/);
    expect(refused((x0) => sum(slice(x0, 0, 0, 1), [1, 2]))).toMatch(/^shape-mismatch: .*returned float32\[1\]/);
    expect(refused((x0) => sum(x0))).toMatch(
      /^shape-mismatch: .*float32\[\]; expected one number per sample, float32\[2\]/,
    );
    expect(refused((x0) => x0)).toMatch(/^shape-mismatch: .*float32\[2, 1, 1\]/);
  });

  it("needs noise for more than one future", () => {
    const guidance = { reward: (x0: Value) => sum(x0, [1, 2]) };
    expect(failure(() => guide(processOf(0.5, "x0"), guidance, given))).toMatch(/^invalid-argument: .* 4 futures/);
  });
});

describe("checkGuidance", () => {
  it.each<[string, unknown, RegExp]>([
    ["nothing", null, /guidance/],
    ["a word", "goal", /guidance/],
    ["no reward", { samples: 1 }, /reward/],
    ["the value of before", { reward: () => {}, value: () => {} }, /value/],
    ["a factor", { reward: () => {}, factor: "next" }, /factor/],
    ["no futures", { reward: () => {}, samples: 0 }, /samples/],
    ["half a future", { reward: () => {}, samples: 1.5 }, /samples/],
    ["a scale that is no number", { reward: () => {}, guidanceScale: Number.NaN }, /guidanceScale/],
    ["a gain that is no function", { reward: () => {}, gain: 3 }, /gain/],
  ])("refuses %s", (_what, guidance, message) => {
    expect(() => checkGuidance(guidance as Guidance)).toThrow(message);
  });
});

describe("what a guidance's functions return", () => {
  const reward = (x0: Value) => sum(x0, [1, 2]);
  const { process } = processOf(0.5, "x0");

  it("is a traced reward: a tensor of the host is none", () => {
    const given = { tokens: tensor([1, 2], [2, 1, 1]), from: levels([3, 3], [2, 1]) };
    const guidance = { reward: () => tensor([1, 2]) as never, samples: 1 };
    expect(() => guide(processOf(0.5, "x0"), guidance, given)).toThrow("reward() returned an object with dtype");
  });

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "gain() returned undefined; expected a Float64Array of 51 finite numbers"],
    ["a number", 2, "gain() returned 2"],
    ["too few", new Float64Array(50), "gain() returned a Float64Array of 50 elements"],
    ["NaN", new Float64Array(51).fill(Number.NaN), "gain() returned a Float64Array of 51 elements"],
  ])("is a gain for each level, not %s", (_what, returned, message) => {
    expect(() => guidanceGain({ reward, gain: () => returned as never }, process)).toThrow(message);
    const gain = new Float64Array(51).fill(2);
    expect(guidanceGain({ reward, gain: () => gain }, process)).toBe(gain);
    expect(guidanceGain({ reward }, process)).toBe(process.guidanceGain);
    const foreign = runInNewContext("new Float64Array(51)");
    expect(guidanceGain({ reward, gain: () => foreign }, process)).toBe(foreign);
  });

  it.each<[string, unknown, string]>([
    ["null", null, 'Guidance: inputs(): "goal": the value is null; expected an object'],
    ["a word for the dtype", { dtype: "float", shape: [2] }, 'Guidance: inputs(): "goal": dtype is "float"; expected'],
    ["no batch", { dtype: "float32", shape: [] }, '"goal" is float32[]; expected a first axis of 2, the batch'],
    ["another batch", { dtype: "float32", shape: [1, 2] }, '"goal" is float32[1, 2]; expected a first axis of 2'],
  ])("are types of inputs by the batch, not %s", (_what, goal, message) => {
    expect(() => guidanceInputTypes({ reward, inputs: () => ({ goal }) as never }, 2, 3)).toThrow(message);
  });

  it("are types of inputs for a batch and a length, or none", () => {
    const inputs = (batch: number, length: number) => ({ goal: { dtype: "float32", shape: [batch, length] } }) as const;
    expect(guidanceInputTypes({ reward, inputs }, 2, 3)).toEqual({ goal: { dtype: "float32", shape: [2, 3] } });
    expect([guidanceInputTypes({ reward }, 2, 3), guidanceInputTypes(undefined, 2, 3)]).toEqual([{}, {}]);
  });
});

describe("guidanceSamples", () => {
  it("defaults to 4", () => {
    const reward = (x0: Value) => sum(x0, [1, 2]);
    expect(guidanceSamples({ reward })).toBe(4);
    expect(guidanceSamples({ reward, samples: 1 })).toBe(1);
  });
});
