import { createRandom, isDiffusionForcingError, type RandomStream, type TensorRecord } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { planStreams } from "../../planning/planner.js";
import type { PlanProblem, PlanProgress } from "../../planning/planner-options.js";
import type { MazePlannerOptions } from "./planner-options.js";
import { formatPlanProgress } from "./planning-options.js";
import {
  config,
  here,
  normalizer,
  numbers,
  planner,
  recordingBackend,
  remainingNoise,
  tinyConfig,
  zeroParameters,
} from "./testing/planner-fixture.js";

describe("the sequence", () => {
  const noise = new Float32Array(3 * 4);
  createRandom(9).split("plan 3").fillNormal(noise);
  const left = remainingNoise([100, 75, 50, 25, 0]);
  const raw = (i: number): number => {
    const feature = i % 2;
    return (normalizer.mean[feature] as number) + (normalizer.std[feature] as number) * left * (noise[i] ?? 0);
  };

  it("goes from the present over what was denoised to the goal, in raw units", async () => {
    const [plan] = await planner({ parameters: zeroParameters(config), lengths: [3] }).plan([here], [createRandom(9)]);
    const expected = [1.25, 2.5, raw(4), raw(5), raw(6), raw(7), 3, 4];
    expect(plan?.frames.length).toBe(8);
    expected.forEach((value, i) => {
      expect(plan?.frames[i]).toBeCloseTo(value, 5);
    });
    expect(plan?.positions).toEqual(plan?.frames);
    expect(plan?.tokens).toBe(3);
  });

  it("begins exactly where the particle is, whatever normalising rounds", async () => {
    const rounding = { mean: [33, -21], std: [0.8997, 0.7093] };
    const starts = Array.from({ length: 10 }, (_, i) => [Float32Array.of(1 + 0.137 * i, 2.1 - 0.119 * i)] as const);
    const problems = starts.map((history): PlanProblem => ({ history, goal: [3, 4] }));
    const plans = await planner({ normalizer: rounding, lengths: [3], steps: 1 }).plan(problems, planStreams(0, 10));
    expect(plans.map(({ positions }) => positions.slice(0, 2))).toEqual(starts.map(([frame]) => frame));
  });

  it("ends with a denoised token when the goal is reached by gradient", async () => {
    const options = {
      parameters: zeroParameters(config),
      lengths: [3],
      reach: { kind: "gradient", scale: 0, samples: 1 },
    };
    const [plan] = await planner(options as Partial<MazePlannerOptions>).plan([here], [createRandom(9)]);
    const expected = [1.25, 2.5, raw(4), raw(5), raw(6), raw(7), raw(8), raw(9), raw(10), raw(11)];
    expect(plan?.frames.length).toBe(10);
    expected.forEach((value, i) => {
      expect(plan?.frames[i]).toBeCloseTo(value, 5);
    });
  });

  it("holds clean, normalised start and goal tokens, at rest in fields the goal does not name", async () => {
    const wide = tinyConfig({ fields: ["position", "velocity", "action"] });
    const wideNormalizer = { mean: [2, 3, 1, -1, 0.5, -0.5], std: [0.5, 0.25, 2, 4, 0.5, 0.25] };
    const runs: TensorRecord[] = [];
    const backend = recordingBackend(runs);
    const parameters = zeroParameters(wide);
    const history = [
      [1, 2, 3, 3, 0, 0],
      [1.5, 2.5, 1, 7, 1, -1],
    ];
    const [plan] = await planner({ backend, config: wide, parameters, normalizer: wideNormalizer, lengths: [3] }).plan(
      [{ history, goal: [3, 4] }],
      [createRandom(9)],
    );
    const x = numbers(runs[0]?.x);
    expect(x.length).toBe(36);
    expect(x.slice(0, 12)).toEqual([-2, -4, 1, 1, -1, 2, -1, -2, 0, 2, 1, -2]);
    const goal = [2, 4, -0.5, 0.25, -1, 2];
    expect(x.slice(24)).toEqual([...goal, ...goal]);
    expect(plan?.frames.length).toBe(4 * 6);
    expect([...(plan?.frames.subarray(0, 6) ?? [])]).toEqual([1.5, 2.5, 1, 7, 1, -1]);
    expect([...(plan?.frames.subarray(18) ?? [])]).toEqual([3, 4, 0, 0, 0, 0]);
    const rows = [0, 1, 2, 3].flatMap((frame) => [...(plan?.frames.subarray(6 * frame, 6 * frame + 2) ?? [])]);
    expect([...(plan?.positions ?? [])]).toEqual(rows);
  });

  it("gives gradient guidance the present and the goal, normalised", async () => {
    const runs: TensorRecord[] = [];
    const reach = { kind: "gradient", scale: 0.01, samples: 1 } as const;
    await planner({ backend: recordingBackend(runs), reach, lengths: [3], batch: 2 }).plan(
      [here, { history: [[2, 3]], goal: [2, 3.5] }],
      [createRandom(1), createRandom(2)],
    );
    expect(numbers(runs[0]?.["guidance/start"])).toEqual([-1.5, -2, 0, 0]);
    expect(numbers(runs[0]?.["guidance/goal"])).toEqual([2, 4, 0, 2]);
  });

  it.each([
    ["one frame, repeated", [[1, 2]], [-2, -4, -2, -4, -2, -4]],
    [
      "two frames, the older one repeated",
      [
        [1, 2],
        [2, 3],
      ],
      [-2, -4, -2, -4, 0, 0],
    ],
    [
      "just a token",
      [
        [1, 2],
        [2, 3],
        [3, 4],
      ],
      [-2, -4, 0, 0, 2, 4],
    ],
    [
      "more than a token, the last frames",
      [
        [9, 9],
        [1, 2],
        [2, 3],
        [3, 4],
      ],
      [-2, -4, 0, 0, 2, 4],
    ],
  ])("starts with %s", async (_what, history, token) => {
    const runs: TensorRecord[] = [];
    const three = tinyConfig({ frameStack: 3 });
    const options = { backend: recordingBackend(runs), config: three, parameters: zeroParameters(three), lengths: [3] };
    await planner(options).plan([{ history, goal: [3, 4] }], [createRandom(0)]);
    expect(numbers(runs[0]?.x).slice(0, 6)).toEqual(token);
  });
});

describe("the order of denoising", () => {
  async function levels(options: Partial<MazePlannerOptions>): Promise<number[][]> {
    const runs: TensorRecord[] = [];
    await planner({ backend: recordingBackend(runs), ...options }).plan([here], [createRandom(0)]);
    // The levels of one step: before it, then after it.
    const half = (which: number) => (run: TensorRecord | undefined) => {
      const both = numbers(run?.levels);
      return both.slice((which * both.length) / 2, ((which + 1) * both.length) / 2);
    };
    return [...runs.map(half(0)), half(1)(runs.at(-1))];
  }

  it("is full sequence by default, start and goal staying clean", async () => {
    expect(await levels({ lengths: [4] })).toEqual([
      [0, 100, 100, 0],
      [0, 75, 75, 0],
      [0, 50, 50, 0],
      [0, 25, 25, 0],
      [0, 0, 0, 0],
    ]);
  });

  it("can be a pyramid over the tokens between start and goal", async () => {
    expect(await levels({ lengths: [4], matrix: { kind: "pyramid", uncertainty: 2 } })).toEqual([
      [0, 100, 100, 0],
      [0, 75, 100, 0],
      [0, 50, 100, 0],
      [0, 25, 75, 0],
      [0, 0, 50, 0],
      [0, 0, 25, 0],
      [0, 0, 0, 0],
    ]);
  });

  it("denoises the last token too when the goal is reached by gradient", async () => {
    const reach = { kind: "gradient", scale: 0.01, samples: 1 } as const;
    const rows = await levels({ lengths: [3], steps: 2, reach, matrix: { kind: "pyramid", uncertainty: 1 } });
    expect(rows).toEqual([
      [0, 100, 100],
      [0, 50, 100],
      [0, 0, 50],
      [0, 0, 0],
    ]);
  });

  it("can be watched: start and goal never move, and the last view is the plan", async () => {
    const watched = planner();
    const views: number[][] = [];
    for await (const frames of watched.watch(here, createRandom(3), 4)) views.push([...frames]);
    expect(views.length).toBe(5);
    for (const view of views) {
      expect(view.length).toBe(16);
      expect(view.slice(0, 4)).toEqual([1, 2, 1.25, 2.5]);
      expect(view.slice(12)).toEqual([3, 4, 3, 4]);
    }
    expect(views[0]?.slice(4, 12)).not.toEqual(views[4]?.slice(4, 12));
    const [plan] = await planner({ lengths: [4] }).plan([here], [createRandom(3)]);
    expect([...(plan?.frames ?? [])]).toEqual(views[4]?.slice(2, 14));
  });
});

describe("the choice of length", () => {
  const problems: PlanProblem[] = [here, here, here, here];
  const streams = (): RandomStream[] => planStreams(6, 4);
  const parameters = zeroParameters(config);

  /** Roughness of every length's plan, each tried alone: `[problem][length]`. */
  async function roughnessAlone(lengths: readonly number[]): Promise<number[][]> {
    const columns: number[][] = [];
    for (const length of lengths) {
      const plans = await planner({ parameters, lengths: [length] }).plan(problems, streams());
      columns.push(plans.map(({ roughness }) => roughness));
    }
    return problems.map((_, i) => columns.map((column) => column[i] as number));
  }

  it("takes the first smooth plan, per problem, and the smoothest if none is smooth", async () => {
    const lengths = [3, 4, 5];
    const alone = await roughnessAlone(lengths);
    const all = alone.flat().sort((a, b) => a - b);
    const tokensChosen = new Set<number>();
    for (const smoothness of [0, ...all.map((value) => value + 1e-6)]) {
      const expected = alone.map((values) => {
        const first = values.findIndex((value) => value < smoothness);
        return lengths[first >= 0 ? first : values.indexOf(Math.min(...values))];
      });
      const plans = await planner({ parameters, lengths, smoothness, batch: 2 }).plan(problems, streams());
      expect(plans.map(({ tokens }) => tokens)).toEqual(expected);
      for (const tokens of expected) tokensChosen.add(tokens ?? 0);
    }
    expect(tokensChosen.size).toBe(3);
  });

  it("stops as soon as all plans are smooth, and drops the problems that are done", async () => {
    const runs: TensorRecord[] = [];
    const backend = recordingBackend(runs);
    const alone = await roughnessAlone([3]);
    const smoothness = Math.max(...alone.flat());
    // Only the roughest is tried again.
    await planner({ backend, parameters, lengths: [3, 4], smoothness, steps: 1 }).plan(problems, streams());
    await planner({ backend, parameters, lengths: [3, 4], smoothness: 1e9, steps: 1 }).plan(problems, streams());
    const lengths = runs.map(({ x }) => x?.shape[1]);
    expect(lengths.filter((length) => length === 3).length).toBe(8);
    expect(lengths.filter((length) => length === 4).length).toBeLessThan(4);
  });

  it.each([
    [
      [4, 5],
      [4, 5],
    ],
    [[5, 99], [5]],
    [[1, 2], [3]],
    [[8, 9], [5]],
  ] as const)("tries only lengths of %j tokens where a problem says so: %j", async (tokens, expected) => {
    const runs: TensorRecord[] = [];
    const options = { backend: recordingBackend(runs), parameters, lengths: [3, 4, 5], smoothness: 0, steps: 1 };
    await planner(options).plan([{ ...here, tokens }], streams().slice(0, 1));
    expect(runs.map(({ x }) => x?.shape[1])).toEqual(expected);
  });

  it("goes by the maze's smoothness unless told otherwise", async () => {
    const calm = { mean: [2, 3], std: [0.06, 0.06] };
    const problem: PlanProblem = { history: [[2, 3]], goal: [2.31, 3] };
    const tokens = async (options: Partial<MazePlannerOptions>): Promise<number[]> => {
      const all = { parameters, normalizer: calm, lengths: [3, 4], ...options };
      const plans = await planner(all).plan(new Array(10).fill(problem), planStreams(1, 10));
      return plans.filter(({ roughness }) => roughness < 0.4).map((plan) => plan.tokens);
    };
    expect(new Set(await tokens({ smoothness: 0.4 }))).toEqual(new Set([3]));
    expect(await tokens({})).toContain(4);
  });

  it("prefers accepted plans: the first smooth one, else the smoothest one, else the smoothest of all", async () => {
    const [values = []] = await roughnessAlone([3, 4, 5]);
    const chosen = async (smoothness: number, accepts: (tokens: number) => boolean): Promise<number | undefined> => {
      // Plans of 3, 4, 5 tokens have 4, 6, 8 frames.
      const accept = (positions: Float32Array): boolean => accepts(positions.length / 4 + 1);
      const options = { parameters, lengths: [3, 4, 5], smoothness, accept };
      return (await planner(options).plan([here], streams().slice(0, 1)))[0]?.tokens;
    };
    const smoothest = 3 + values.indexOf(Math.min(...values));
    expect(await chosen(1e9, () => true)).toBe(3);
    expect(await chosen(1e9, (tokens) => tokens === 4)).toBe(4);
    expect(await chosen(0, (tokens) => tokens !== smoothest)).not.toBe(smoothest);
    expect(await chosen(0, (tokens) => tokens === 5)).toBe(5);
    expect(await chosen(1e9, () => false)).toBe(smoothest);
  });
});

describe("batches and seeds", () => {
  const problems: PlanProblem[] = [
    here,
    { history: [[2, 2]], goal: [1, 1] },
    {
      history: [
        [3, 1],
        [3, 1.25],
      ],
      goal: [2.5, 3],
    },
    { history: [[2, 3]], goal: [2, 4] },
  ];

  it.each<[string, Partial<MazePlannerOptions>]>([
    ["a goal token", {}],
    ["a gradient", { reach: { kind: "gradient", scale: 0.05, samples: 1 } }],
    ["a gradient over futures", { reach: { kind: "gradient", scale: 0.05, samples: 3 } }],
    ["a goal token with fresh noise in every step", { eta: 1 }],
  ])("a plan to %s does not depend on what it is planned together with", async (_what, options) => {
    const alone = await planner(options).plan(problems, planStreams(2, 4));
    const together = await planner({ ...options, batch: 3 }).plan(problems, planStreams(2, 4));
    together.forEach((plan, i) => {
      expect(plan.tokens).toBe(alone[i]?.tokens);
      plan.frames.forEach((value, at) => {
        expect(value).toBeCloseTo(alone[i]?.frames[at] as number, 4);
      });
    });
    expect(alone[0]?.frames).not.toEqual(alone[1]?.frames);
  });

  it("gives equal problems different plans, from their own streams", async () => {
    const plans = await planner({ batch: 2, lengths: [3] }).plan([here, here], planStreams(2, 2));
    expect(plans[0]?.frames).not.toEqual(plans[1]?.frames);
    const [second] = await planner({ lengths: [3] }).plan([here], planStreams(2, 2).slice(1));
    second?.frames.forEach((value, at) => {
      expect(value).toBeCloseTo(plans[1]?.frames[at] as number, 4);
    });
  });

  it("fills batches up to powers of four, so that few shapes are compiled for each length", async () => {
    const runs: TensorRecord[] = [];
    const filling = planner({ backend: recordingBackend(runs), lengths: [3], steps: 1, batch: 6 });
    const many = [...problems, ...problems].slice(0, 8);
    expect((await filling.plan(many, planStreams(2, 8))).length).toBe(8);
    expect(runs.map(({ x }) => x?.shape?.[0])).toEqual([6, 4]);
    const x = numbers(runs[1]?.x);
    expect(x.slice(24, 36)).toEqual(x.slice(0, 12));
    expect(await filling.plan([], [])).toEqual([]);
  });

  it("tells of each step how many plans of which length it denoises, those that fill a batch not counted", async () => {
    const told: string[] = [];
    const onProgress = (progress: PlanProgress): unknown => told.push(formatPlanProgress(progress));
    const options = { lengths: [3], steps: 2, candidates: 2, batch: 4, onProgress };
    await planner(options).plan(problems.slice(0, 3), planStreams(2, 3));
    expect(told).toEqual([0, 1, 2].map((step) => `6 plans of 3 tokens, step ${step} of 2`));
    told.length = 0;
    const search = { expansions: 1, children: 1, depth: 1 };
    await planner({ ...options, candidates: 1, search }).plan([here], planStreams(2, 1));
    expect(new Set(told)).toEqual(new Set(["a plan of 3 tokens, step 2 of 2"]));
  });

  it.each<[string, Partial<MazePlannerOptions>]>([
    ["deterministic", {}],
    ["stochastic", { eta: 1 }],
    ["guided", { reach: { kind: "gradient", scale: 0.05, samples: 2 } }],
  ])("repeats a %s plan bit for bit, and not with another seed", async (_what, options) => {
    const [first] = await planner(options).plan([here], planStreams(2, 1));
    const [again] = await planner(options).plan([here], planStreams(2, 1));
    const [other] = await planner(options).plan([here], planStreams(3, 1));
    expect(again).toEqual(first);
    expect(other?.frames).not.toEqual(first?.frames);
  });

  it("draws one stream per problem, whatever their number", () => {
    const next = (streams: RandomStream[]): number[] => streams.map((stream) => stream.nextUint32());
    const three = next(planStreams(1, 3));
    expect(next(planStreams(1, 2))).toEqual(three.slice(0, 2));
    expect(new Set(three).size).toBe(3);
    expect(next(planStreams(2, 3))).not.toEqual(three);
  });
});

describe("MazePlanner", () => {
  it("stops at once when aborted, and between lengths", async () => {
    const runs: TensorRecord[] = [];
    const backend = recordingBackend(runs);
    const before = planner({ backend }).plan([here], [createRandom(0)], AbortSignal.abort());
    await expect(before).rejects.toSatisfy((error) => isDiffusionForcingError(error, "aborted"));
    expect(runs.length).toBe(0);
    const controller = new AbortController();
    const accept = (): boolean => {
      controller.abort();
      return false;
    };
    const between = planner({ backend, accept }).plan([here], [createRandom(0)], controller.signal);
    await expect(between).rejects.toSatisfy((error) => isDiffusionForcingError(error, "aborted"));
    expect(runs.length).toBe(4);
  });

  it("refuses the weights of another model, and problems without a stream of their own", async () => {
    const other = tinyConfig({ frameStack: 3 });
    expect(() => planner({ config: other })).toThrow("These weights belong to another model");
    const plan = planner().plan([here, here], [createRandom(0)]);
    await expect(plan).rejects.toThrow("2 problems came with 1 random streams; expected one for each");
  });
});
