import { describe, expect, it } from "vitest";
import { constant } from "../../engine/graph/operations.js";
import { trace } from "../../engine/graph/trace.js";
import { createRandom } from "../../engine/random/index.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { type HostTensor, tensor, zeros } from "../../engine/tensor/tensor.js";
import { elementsOf, levelsOf, numbersOf } from "../../testing/elements-of.js";
import type { NoiseProcess } from "../process.js";
import { atLevel } from "../tables.js";
import { edm } from "./edm.js";
import { flowMatching } from "./flow-matching.js";
import { gaussianProcess } from "./gaussian-process.js";
import { cleanObjective, flowObjective, noiseObjective, type Objective, velocityObjective } from "./objective.js";
import { checkedPath } from "./path.js";
import { cosineSchedule, linearSchedule, sigmoidSchedule } from "./schedule.js";
import { variancePreserving } from "./variance-preserving.js";

const processes: [string, NoiseProcess][] = [
  ...(["noise", "x0", "v"] as const).flatMap((objective): [string, NoiseProcess][] => [
    [`cosine, ${objective}`, variancePreserving(cosineSchedule(100), { objective })],
    [`linear, ${objective}`, variancePreserving(linearSchedule(100), { objective })],
    [`sigmoid, ${objective}`, variancePreserving(sigmoidSchedule(100), { objective })],
  ]),
  ["flow matching, flow", flowMatching({ levels: 100 })],
  ["flow matching, shifted", flowMatching({ levels: 100, shift: 3 })],
  ["flow matching, x0", flowMatching({ levels: 100, objective: "x0" })],
  ["edm", edm({ levels: 100 })],
];

/** Every level 0..K as a sequence of one number a token. */
function everyLevel({ levels }: NoiseProcess) {
  const count = levels + 1;
  const drawn = (label: string): HostTensor<"float32"> => {
    const values = zeros("float32", [1, count, 1]);
    createRandom(5).split(label).fillNormal(values.data, { clip: 3 });
    return values;
  };
  return {
    clean: drawn("clean"),
    noise: drawn("noise"),
    levels: tensor(
      Int32Array.from({ length: count }, (_, k) => k),
      [1, count],
    ),
  };
}

/** The answer of a network that makes no error: a x + b eps of the process's objective, found by its own loss. */
function truthOf(process: NoiseProcess, objective: Objective) {
  const inputs = everyLevel(process);
  const graph = trace(inputs, ({ clean, noise, levels }) => {
    const noisy = process.corrupt(clean, levels, noise);
    const output = atLevel(objective.clean, levels, 3);
    const target = { clean: output, noise: atLevel(objective.noise, levels, 3) };
    return { noisy, a: target.clean, b: target.noise };
  });
  const { noisy, a, b } = evaluateGraph(graph, inputs);
  const output = a!.data.map((value, k) => value * inputs.clean.data[k]! + b!.data[k]! * inputs.noise.data[k]!);
  return { ...inputs, noisy: noisy as HostTensor, output: tensor(Float32Array.from(output), noisy!.shape) };
}

function objectiveOf(process: NoiseProcess): Objective {
  const { config, path } = process;
  if (path === undefined) throw new Error("no path");
  if (config.kind === "edm") {
    const data = 0.5;
    const norm = path.noise.map((sigma) => Math.hypot(sigma, data));
    return {
      kind: "edm",
      clean: path.noise.map((sigma, k) => sigma / (data * norm[k]!)),
      noise: norm.map((value) => -data / value),
      sensitivity: [4, 0, 1],
    };
  }
  const make = { noise: noiseObjective, x0: cleanObjective, v: velocityObjective, flow: flowObjective };
  return make[config.objective as keyof typeof make](path);
}

describe.each(processes)("the process %s", (_name, process) => {
  const { path } = process;
  const K = process.levels;

  it("estimates from the true output the clean token and the noise it was corrupted with, at every level", () => {
    const inputs = truthOf(process, objectiveOf(process));
    const graph = trace(inputs, ({ clean, noise, levels, noisy, output }) => {
      const estimate = process.estimate(output, noisy, levels);
      return {
        ...estimate,
        loss: process.loss(output, { clean, noisy, levels, noise }),
        noiseOf: process.noiseOf(noisy, levels, clean),
      };
    });
    const found = evaluateGraph(graph, inputs);
    for (let k = 0; k <= K; k++) {
      // What float32 of the noisy token and of the output can say of either.
      const [alpha, sigma] = [path!.signal[k]!, path!.noise[k]!];
      const isClean = k === 0;
      const scale = 1 + Math.abs(inputs.noisy.data[k]!) + Math.abs(inputs.output.data[k]!);
      const cleanError = Math.abs(found.clean!.data[k]! - inputs.clean.data[k]!);
      expect(cleanError, `clean at level ${k}`).toBeLessThan(2e-6 * scale * Math.max(1, 1 / alpha, sigma / alpha));
      if (isClean) continue;
      for (const name of ["noise", "noiseOf"]) {
        const error = Math.abs(found[name]!.data[k]! - inputs.noise.data[k]!);
        expect(error, `${name} at level ${k}`).toBeLessThan(2e-6 * scale * Math.max(1, 1 / sigma, alpha / sigma));
      }
      expect(found.loss!.data[k]).toBeLessThan(1e-9);
    }
  });

  it("leaves clean tokens as they are, and is as it says at level K", () => {
    const inputs = everyLevel(process);
    const graph = trace(inputs, ({ clean, levels, noise }) => ({ noisy: process.corrupt(clean, levels, noise) }));
    const { data } = evaluateGraph(graph, inputs).noisy!;
    expect(data[0]).toBe(inputs.clean.data[0]);
    const { signal, noise } = process.terminal;
    expect(data[K]).toBeCloseTo(signal * inputs.clean.data[K]! + noise * inputs.noise.data[K]!, 4);
    expect(noise / process.priorScale).toBeCloseTo(1, 2);
  });

  it("has a ratio of signal to noise that never rises, and a guidance gain of at most four times Tweedie's factor", () => {
    const { signalToNoise, guidanceGain } = process;
    expect(signalToNoise[0]).toBe(Number.POSITIVE_INFINITY);
    for (let k = 1; k <= K; k++) {
      expect(signalToNoise[k]).toBeLessThanOrEqual(signalToNoise[k - 1]!);
      const tweedie = path!.noise[k]! ** 2 / path!.signal[k]!;
      expect(guidanceGain[k]).toBeLessThanOrEqual(4 * tweedie);
      expect(guidanceGain[k]).toBeGreaterThanOrEqual(0);
    }
    expect(guidanceGain[0]).toBe(0);
  });
});

describe("a variance-preserving process", () => {
  it("weighs what preserves variance by the signal to noise, up to 5", () => {
    expect(variancePreserving(linearSchedule(25)).lossWeighting).toEqual({ kind: "min-snr", clip: 5 });
  });

  it("gives the official noised values, and leaves tokens of level 0 as they are", () => {
    const process = variancePreserving(linearSchedule(25));
    const inputs = {
      x0: tensor([0.73715866, 0.26162478, -1.07086265, 0.5, -1, 2], [1, 2, 3]),
      noise: tensor([-0.26743957, -0.39999032, 0.76898491, 1, 0, -1], [1, 2, 3]),
      // Level 1 is the official level 0.
      levels: tensor(Int32Array.of(1, 0), [1, 2]),
    };
    const graph = trace(inputs, ({ x0, levels, noise }) => ({ noisy: process.corrupt(x0, levels, noise) }));
    const { shape, data } = evaluateGraph(graph, inputs).noisy!;
    expect(shape).toEqual([1, 2, 3]);
    expect([...data]).toEqual([0.71876848, 0.2358034, -1.02008389, 0.5, -1, 2].map((x) => expect.closeTo(x, 6)));
    const variance = (level: number): number => process.path!.noise[level]! ** 2;
    expect([variance(1), variance(16)]).toEqual([expect.closeTo(0.00400001, 7), expect.closeTo(0.99332875, 7)]);
  });

  it("believes no predicted noise beyond the limit of its draws, and limits no other output", () => {
    const inputs = {
      x: tensor([3, -0.25, 1, -2], [1, 4, 1]),
      output: tensor([3, -0.25, 1, -2], [1, 4, 1]),
      levels: tensor(Int32Array.of(10, 20, 30, 40), [1, 4]),
    };
    const noiseOf = (objective: "noise" | "x0" | "v", noiseClip: number): number[] => {
      const process = variancePreserving(cosineSchedule(50), { objective, noiseClip });
      const graph = trace(inputs, ({ x, output, levels }) => ({ noise: process.estimate(output, x, levels).noise }));
      return [...evaluateGraph(graph, inputs).noise!.data];
    };
    expect(noiseOf("noise", 1)).toEqual([1, -0.25, 1, -1]);
    expect(noiseOf("x0", 1)).toEqual(noiseOf("x0", 20));
    expect(noiseOf("v", 1)).toEqual(noiseOf("v", 20));
  });
});

describe("limits", () => {
  const limitedAt = (process: NoiseProcess, clean: number[], levels: number[], range?: [number, number]): number[] => {
    const inputs = {
      clean: tensor(clean, [1, clean.length, 1]),
      levels: tensor(Int32Array.from(levels), [1, levels.length]),
    };
    const known = range && { minimum: constant(range[0]), maximum: constant(range[1]) };
    const graph = trace(inputs, (values) => ({ limited: process.limit(values.clean, values.levels, known) }));
    return Array.from(evaluateGraph(graph, inputs).limited!.data);
  };

  it("are the range of the data and a tenth of its span by default", () => {
    const process = variancePreserving(cosineSchedule(100));
    expect(limitedAt(process, [50, -50, 2, 1e6], [90, 1, 50, 0], [-1, 4])).toEqual([4.5, -1.5, 2, 4.5]);
  });

  it("without a known range bind where a token holds little, and never near clean data", () => {
    const process = variancePreserving(cosineSchedule(100));
    const { signal, noise } = process.path!;
    const bound = 1.5 + (8 * signal[90]!) / noise[90]!;
    expect(limitedAt(process, [50, -50, 50, 1e6], [90, 90, 100, 0])).toEqual([
      expect.closeTo(bound, 5),
      expect.closeTo(-bound, 5),
      expect.closeTo(1.5 + (8 * signal[100]!) / noise[100]!, 5),
      1e6,
    ]);
  });

  it("of a known range bind at every level", () => {
    const process = flowMatching({ levels: 10, limit: { kind: "static", bound: 2 } });
    expect(limitedAt(process, [5, -5, 1, 5], [1, 10, 5, 0])).toEqual([2, -2, 1, 2]);
  });

  it("can be left out", () => {
    const process = edm({ levels: 10, limit: { kind: "none" } });
    expect(limitedAt(process, [5, -500], [1, 10])).toEqual([5, -500]);
  });
});

describe("a process of one's own path", () => {
  it("is made of two tables and an objective", () => {
    const signal = Float64Array.of(1, 0.8, 0);
    const noise = Float64Array.of(0, 0.6, 1);
    const path = checkedPath("mine", { signal, noise });
    const process = gaussianProcess({
      config: { kind: "mine" },
      path,
      objective: velocityObjective(path),
      limit: { kind: "none" },
      noiseClip: 5,
      lossWeighting: { kind: "uniform" },
      priorScale: 1,
    });
    expect([process.levels, process.terminal]).toEqual([2, { signal: 0, noise: 1 }]);
    const inputs = {
      x: tensor([2, 3, 4], [1, 3, 1]),
      levels: tensor(Int32Array.of(0, 1, 2), [1, 3]),
      noise: tensor([9, 1, 5], [1, 3, 1]),
    };
    const graph = trace(inputs, ({ x, levels, noise: drawn }) => ({ noisy: process.corrupt(x, levels, drawn) }));
    expect(Array.from(evaluateGraph(graph, inputs).noisy!.data)).toEqual([2, expect.closeTo(3, 6), 5]);
  });

  /** alpha .8, sigma .6 at level 1; at level 2 no path that preserves the variance: alpha .5, sigma 2. */
  const own = (inputScale?: Float64Array): NoiseProcess => {
    const path = checkedPath("mine", { signal: Float64Array.of(1, 0.8, 0.5), noise: Float64Array.of(0, 0.6, 2) });
    return gaussianProcess({
      config: { kind: "mine" },
      path,
      objective: cleanObjective(path),
      limit: { kind: "none" },
      noiseClip: 5,
      lossWeighting: { kind: "uniform" },
      priorScale: 2,
      ...(inputScale && { inputScale }),
    });
  };
  const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));

  it("follows guidance by 4 alpha sigma^2 / (alpha^2 + sigma^2)", () => {
    expect([...own().guidanceGain]).toEqual(close([0, 4 * 0.8 * 0.36, (4 * 0.5 * 4) / 4.25]));
  });

  it("finds in a token the noise (x^k - alpha x) / sigma, at level 0 what it differs by from the estimate", () => {
    const inputs = { x: numbersOf(3, 3, 3), clean: numbersOf(1, 1.5, -2), levels: levelsOf(0, 1, 2) };
    const noise = elementsOf(inputs, ({ x, clean, levels }) => own().noiseOf(x, levels, clean));
    expect(noise).toEqual(close([2, (3 - 1.2) / 0.6, (3 + 1) / 2]));
  });

  it("shows the network tokens as they are, or by a factor of each level", () => {
    const inputs = { x: numbersOf(3, 3, 3), levels: levelsOf(0, 1, 2) };
    const shown = (process: NoiseProcess) => elementsOf(inputs, ({ x, levels }) => process.modelInput(x, levels));
    expect(shown(own())).toEqual([3, 3, 3]);
    expect(shown(own(Float64Array.of(1, 2, 0.5)))).toEqual([3, 6, 1.5]);
  });

  it("takes a step as the posterior's mean and deviation say, and adds no noise in a token's last", () => {
    const inputs = {
      x: numbersOf(3, 3, 3),
      clean: numbersOf(1, 1, 1),
      from: levelsOf(2, 2, 1),
      to: levelsOf(1, 0, 0),
      noise: numbersOf(1, 1, 1),
    };
    const step = (variance: number) =>
      elementsOf(inputs, ({ x, clean, from, to, noise }) =>
        own().transition(x, { clean, noise: x }, from, to, noise, { variance }),
      );
    // SNR(2) / SNR(1) = (1 / 16) / (16 / 9) = 9 / 256: removed r = 247 / 256, kept 3 / 16 of sigma_1 / sigma_2 x^k.
    const removed = 247 / 256;
    const mean = (3 / 16) * (0.6 / 2) * 3 + removed * 0.8;
    expect(step(0)).toEqual(close([mean + Math.sqrt(removed) * 0.6, 1, 1]));
    expect(step(1)).toEqual(close([mean + Math.sqrt(removed) * 2, 1, 1]));
  });

  it.each<[string, number[], number[], RegExp]>([
    ["that is not clean at level 0", [0.9, 0.5], [0, 1], /level 0 of 1 the token is not clean/],
    ["without noise above level 0", [1, 1, 0.5], [0, 0, 1], /level 1 of 2 there is no noise/],
    ["whose ratio rises", [1, 0.5, 0.9], [0, 0.8, 0.4], /level 2 of 2 there is less noise/],
    ["of no numbers", [1, Number.NaN], [0, 1], /level 1 of 1 the tables hold no numbers/],
  ])("is refused for a path %s", (_name, signal, noise, message) => {
    const path = { signal: Float64Array.from(signal), noise: Float64Array.from(noise) };
    expect(() => checkedPath("mine", path)).toThrow(message);
  });
});
