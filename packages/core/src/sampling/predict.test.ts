import { describe, expect, it } from "vitest";
import { add, cast, constant, mul, reshape, sum } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import type { Value } from "../engine/graph/value.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { flowMatching } from "../process/gaussian/flow-matching.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import type { NoiseProcess } from "../process/process.js";
import type { Network } from "./network.js";
import { predict, type SteeringOptions } from "./predict.js";

/** Answers its tokens + 100 times their level + 1000 times their condition. */
const telling: Network = ({ tokens, levels, condition }) => {
  const output = add(tokens, mul(reshape(cast(levels, "float32"), tokens.shape), 100));
  return condition === undefined ? output : add(output, mul(condition, 1000));
};

const none = { kind: "none" } as const;

describe("predict", () => {
  const inputs = {
    tokens: tensor([2, 3], [1, 2, 1]),
    levels: tensor(Int32Array.of(0, 4), [1, 2]),
    condition: tensor([1, -1], [1, 2, 1]),
  };
  function run(
    process: NoiseProcess,
    options: Partial<SteeringOptions> & { conditioned?: boolean; network?: Network } = {},
  ) {
    const { conditioned = false, network = telling, ...steering } = options;
    const graph = trace(inputs, ({ tokens, levels, condition }) => {
      const given = conditioned ? { condition } : {};
      const { clean, noise } = predict(process, network, { stabilizationLevel: 0, ...steering }, given, tokens, levels);
      return { clean, noise };
    });
    const { clean, noise } = evaluateGraph(graph, inputs);
    return { clean: [...clean!.data], noise: [...noise!.data] };
  }
  const schedule = cosineSchedule(50);
  const x0 = variancePreserving(schedule, { objective: "x0", limit: none });

  it("gives the network the tokens, their levels and the condition", () => {
    expect(run(x0, { conditioned: true }).clean).toEqual([1002, -597]);
    expect(run(x0).clean).toEqual([2, 403]);
  });

  it("converts the answer by the objective, and believes no noise beyond the limit", () => {
    const noise = (noiseClip: number) => variancePreserving(schedule, { objective: "noise", noiseClip, limit: none });
    expect(run(noise(500)).noise).toEqual([2, 403]);
    expect(run(noise(6)).noise).toEqual([2, 6]);
    // At level 0 v is noise and the clean token is the token itself.
    expect(run(variancePreserving(schedule, { limit: none })).clean[0]).toBe(2);
  });

  it("moves by the gain of the level that the network is told, a clean token's pretended one too", () => {
    const guidance = {
      samples: 1,
      guidanceScale: 2,
      gain: () => Float64Array.from({ length: 51 }, (_, k) => k),
      reward: (clean: Value) => sum(clean, [1, 2]),
    };
    const network: Network = ({ tokens }) => mul(tokens, 0.5);
    const plain = run(x0, { network, stabilizationLevel: 3 }).clean;
    const { clean } = run(x0, { network, stabilizationLevel: 3, guidance });
    // Half a slope, twice the scale: 3 for the clean token, 4 for the other.
    expect(clean.map((value, t) => value - plain[t]!)).toEqual([3, 4].map((x) => expect.closeTo(x, 5)));
  });

  it("limits the estimate, and takes the noise that then remains", () => {
    const process = flowMatching({ levels: 50, objective: "x0", limit: { kind: "static", bound: 5 } });
    const { clean, noise } = run(process);
    expect(clean).toEqual([2, 5]);
    // 3 = (1 - 0.08) 5 + 0.08 eps.
    expect(noise[1]).toBeCloseTo((3 - 0.92 * 5) / 0.08, 4);
  });

  it("shows clean tokens at the stabilisation level", () => {
    const { clean } = run(x0, { stabilizationLevel: 7 });
    expect(clean[0]).toBeCloseTo(2 * x0.path!.signal[7]! + 700, 3);
    expect(clean[1]).toBe(403);
  });

  it("moves the estimate up the reward's slope by the gain of its level and the scale, the noise with it", () => {
    const network: Network = ({ tokens }) => mul(tokens, 0.5);
    // The reward 3 clean has the slope 1.5 by the token.
    const reward = (clean: Parameters<typeof mul>[0]) => sum(mul(clean, 3), [1, 2]);
    const guidance = { reward, samples: 1, guidanceScale: 0.25 };
    const { clean, noise } = run(x0, { network, guidance });
    const expected = 1.5 + 1.5 * 0.25 * x0.guidanceGain[4]!;
    expect(clean).toEqual([1, expect.closeTo(expected, 5)]);
    expect(noise[1]).toBeCloseTo((3 - x0.path!.signal[4]! * expected) / x0.path!.noise[4]!, 4);
    const steep = { ...guidance, gain: () => new Float64Array(51).fill(2) };
    expect(run(x0, { network, guidance: steep }).clean[1]).toBeCloseTo(1.5 + 1.5 * 0.25 * 2, 5);
  });

  it("limits a guided estimate again", () => {
    const process = flowMatching({ levels: 50, objective: "x0", limit: { kind: "static", bound: 5 } });
    const guidance = { reward: (clean: Parameters<typeof mul>[0]) => sum(mul(clean, 1e4), [1, 2]), samples: 1 };
    expect(run(process, { network: ({ tokens }) => mul(tokens, 0.5), guidance }).clean[1]).toBe(5);
    const still = { reward: () => constant(tensor([0], [1])), samples: 1 };
    expect(run(process, { network: ({ tokens }) => mul(tokens, 0.5), guidance: still }).clean).toEqual([1, 1.5]);
  });

  it("limits every channel to the range of the data, and what futures of the reward see of it", () => {
    // A token of two channels of two numbers; ranges -1..1 and 0..4, half of them added at both ends.
    const process = flowMatching({ levels: 50, objective: "x0", limit: { kind: "data", margin: 0.5 } });
    const range = { minimum: tensor([-1, 0]), maximum: tensor([1, 4]) };
    const given = {
      tokens: tensor([3, -3, 3, -3], [1, 1, 2, 2]),
      levels: tensor(Int32Array.of(4), [1, 1]),
      futureNoise: tensor(new Float32Array(8), [2, 1, 1, 2, 2]),
    };
    const network: Network = ({ tokens }) => mul(tokens, 10);
    const guidance = { samples: 2, guidanceScale: 0, reward: (clean: Value) => sum(clean, [1, 2, 3]) };
    const graph = trace(given, ({ tokens, levels, futureNoise }) => {
      const options = { stabilizationLevel: 0, range, guidance };
      const found = predict(process, network, options, { futureNoise }, tokens, levels);
      return { clean: found.clean, reward: found.guidance!.reward };
    });
    const { clean, reward } = evaluateGraph(graph, given);
    expect(Array.from(clean!.data)).toEqual([2, -2, 6, -2]);
    expect(Array.from(reward!.data)).toEqual([4]);
  });

  it("takes the bounds of a token's level for futures where no range is known", () => {
    const process = flowMatching({ levels: 50, objective: "x0", limit: { kind: "data", margin: 0.5 } });
    const given = {
      tokens: tensor([3], [1, 1, 1]),
      levels: tensor(Int32Array.of(4), [1, 1]),
      futureNoise: tensor([0, 0], [2, 1, 1, 1]),
    };
    const guidance = { samples: 2, guidanceScale: 0, reward: (clean: Value) => sum(clean, [1, 2]) };
    const graph = trace(given, ({ tokens, levels, futureNoise }) => {
      const options = { stabilizationLevel: 0, guidance };
      const found = predict(process, ({ tokens: x }) => mul(x, 1000), options, { futureNoise }, tokens, levels);
      return { clean: found.clean, reward: found.guidance!.reward };
    });
    const { clean, reward } = evaluateGraph(graph, given);
    // 1.5 + 8 (1 - t) / t at t = .08, and at half the level, t = .04.
    expect(clean!.data[0]).toBeCloseTo(93.5, 4);
    expect(reward!.data[0]).toBeCloseTo(193.5, 4);
  });
});
