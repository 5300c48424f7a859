import { describe, expect, it } from "vitest";
import { type HostTensor, type HostTensorRecord, type Tensor, tensor } from "../../engine/tensor/tensor.js";
import type { Model } from "../../models/model.js";
import { smallPath } from "../../testing/small-path.js";
import { vanillaHistoryGuidance } from "../guidance/score-combination.js";
import { type NoiseSource, recordedNoise } from "../noise-source.js";
import { autoregressive, schedulingMatrix } from "../plan/matrix-shapes.js";
import { ancestral } from "../solvers/ancestral.js";
import type { WalkOptions } from "../walk-inputs.js";
import type { WalkRequest } from "../walk-request.js";
import type { GraphHost } from "./host.js";
import { SpeculativeWalk } from "./walk.js";

const process = smallPath();
const options: WalkOptions = { solver: ancestral(), stabilizationLevel: 0 };
const numbers = (...shape: number[]) => tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
const int32 = (values: number[], shape: number[]) => tensor(Int32Array.from(values), shape);

interface Run {
  readonly key: unknown;
  readonly inputs: HostTensorRecord;
}

/**
 * A host that runs nothing: drafts after move 1, 2 ... of a window are 10, 20 ..., and one more for the second sample; all
 * means are 0, those of the samples' targets `means`, of deviation 1. Estimates are their places in the run.
 */
function recording(runs: Run[], given: WalkOptions = options, means: readonly number[] = [0, 1]): GraphHost {
  const model: Model = {
    ...{ config: { kind: "none" }, tokenShape: [1], conditionFeatures: 0, parameters: {} },
    apply: () => {
      throw new Error("It is not run.");
    },
  };
  const run = async (inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> => {
    const shape = (inputs.x as HostTensor).shape;
    const levels = inputs.levels as HostTensor | undefined;
    if (levels === undefined) {
      const mean = Float32Array.from(
        { length: shape[0]! * shape[1]! },
        (_, i) => means[Math.floor(i / shape[1]!) % 2]!,
      );
      return { mean: tensor(mean, shape), clean: tensor(Float32Array.from(mean.keys()), shape) };
    }
    const stack = [levels.shape[0]! - 1, ...shape] as [number, number, number, number];
    const [, batch, length] = stack;
    const states = Float32Array.from({ length: stack[0] * batch * length }, (_, i) => {
      const row = Math.floor(i / length);
      return 10 * (Math.floor(row / batch) + 1) + (row % batch);
    });
    const deviations = tensor(new Float32Array(states.length).fill(1), stack.slice(0, 3));
    return { states: tensor(states, stack), means: numbers(...stack), deviations };
  };
  return {
    diffusion: { model, process, lossWeighting: process.lossWeighting },
    options: given,
    levels: Int32Array.of(0, 1, 2, 3),
    compiled: async (key, _graph, use) =>
      use({
        run: (inputs) => {
          runs.push({ key: JSON.parse(key), inputs: structuredClone(inputs) as HostTensorRecord });
          return run(inputs);
        },
        dispose: () => {},
      }),
  };
}

/** Nothing but futures, by step, number and sample, and decisions: as surely as can be, "keep" for 1 and not for 2. */
const random = recordedNoise((path) => {
  if (path[1] === "accept") return [-20, 20];
  if (path[1] === "futures") return [0, 1].map((b) => (path[0] as number) + (path[2] as number) / 10 + b / 100);
  return path[0] === "history" ? [3, 4] : [0, 0];
});
const request: WalkRequest = { tokens: tensor([5, 6], [2, 1, 1]), rows: [[3], [2], [1], [0]], random };

async function walked(
  host: GraphHost,
  more: Partial<WalkRequest> = {},
  draft: "frozen" | "recent" | GraphHost = "recent",
) {
  const reports = [];
  const walk = new SpeculativeWalk(host, { length: 2, draft }, { ...request, ...more });
  for await (const report of walk.windows()) reports.push(report);
  return reports;
}

describe("the runs of a speculative walk", () => {
  it("are an estimate, and for each window drafts and a look at the states before each", async () => {
    const runs: Run[] = [];
    const reports = await walked(recording(runs));
    // The second sample's drafts are refused: mirrored, they are the target's mean, 1.
    expect(reports).toEqual([
      { step: 1, x: tensor([20, 1], [2, 1, 1]), evaluations: 3, calls: 2 },
      { step: 2, x: tensor([10, 1], [2, 1, 1]), evaluations: 5, calls: 3 },
      { step: 3, x: tensor([10, 1], [2, 1, 1]), evaluations: 7, calls: 4 },
    ]);
    const kernel = (...states: number[]) => ["kernel", 2, 1, states.length / 2, null];
    expect(runs.map(({ key }) => key)).toEqual([
      kernel(5, 6),
      ["draft", { batch: 2, length: 1, steps: 2 }, true],
      kernel(5, 6, 10, 11),
      ["draft", { batch: 2, length: 1, steps: 2 }, true],
      kernel(20, 1, 10, 11),
      ["draft", { batch: 2, length: 1, steps: 2 }, true],
      kernel(10, 1, 10, 11),
    ]);
    // The first sample is at its last move, the second at its second; beyond the last they stay.
    expect(runs[4]!.inputs).toEqual({
      x: tensor([20, 1, 10, 11], [4, 1, 1]),
      from: int32([1, 2, 0, 1], [4, 1]),
      to: int32([0, 1, 0, 0], [4, 1]),
    });
    expect(runs[3]!.inputs).toEqual({
      x: tensor([20, 1], [2, 1, 1]),
      levels: int32([1, 2, 0, 1, 0, 0], [3, 2, 1]),
      noise: numbers(2, 2, 1, 1),
      known: numbers(2, 2, 1, 1),
      isKnown: int32([0, 0, 0, 0], [2, 2, 1]),
      // Of the first sample's second state, and of the second sample's first.
      clean: tensor([2, 1], [2, 1, 1]),
    });
  });

  it("look at the states after each of frozen drafts; an estimate is made where the last window's end was not looked at", async () => {
    const states = async (...decisions: number[]) => {
      const runs: Run[] = [];
      const own = recordedNoise((path) => (path[1] === "accept" ? decisions : [0, 0]));
      const reports = await walked(recording(runs), { random: own }, "frozen");
      const looks = runs.filter(({ key }) => (key as string[])[0] === "kernel");
      const drafts = runs.filter(({ key }) => (key as string[])[0] === "draft");
      return {
        looks: looks.map(({ inputs }) => [...inputs.x!.data]),
        estimates: drafts.map(({ inputs }) => [...inputs.clean!.data]),
        calls: reports.map(({ calls }) => calls),
      };
    };
    expect(await states(-20, -20)).toEqual({
      looks: [
        [5, 6],
        [10, 11, 20, 21],
        [10, 11, 20, 21],
      ],
      estimates: [
        [0, 1],
        [2, 3],
      ],
      calls: [2, 3],
    });
    // The second sample's second draft is refused, so that its state is none that was looked at.
    expect(await states(-20, 20)).toEqual({
      looks: [
        [5, 6],
        [10, 11, 20, 21],
        [20, 1],
        [10, 11, 20, 21],
      ],
      estimates: [
        [0, 1],
        [0, 1],
      ],
      calls: [2, 4],
    });
  });

  it("make no estimate for a sample that is done", async () => {
    // Of six moves in windows of three, the first sample's second draft is refused, and the second sample's last.
    const refused = recordedNoise((path) => {
      if (path[1] === "accept") return path[0] === 2 ? [20, -20] : path[0] === 6 ? [-20, 20] : [-20, -20];
      return [0, 0, 0, 0];
    });
    const [tokens, rows] = [numbers(2, 2, 1), schedulingMatrix(autoregressive(), 3, 2).rows];
    const walk = new SpeculativeWalk(
      recording([], options, [1, 1]),
      { length: 3, draft: "frozen" },
      { tokens, rows, random: refused },
    );
    const reports = [];
    for await (const { step, calls } of walk.windows()) reports.push([step, calls]);
    // The first sample's second window is whole: its third begins with what was looked at.
    expect(reports).toEqual([
      [2, 2],
      [5, 4],
      [6, 5],
    ]);
  });

  it("are told all that steers, once for each state, each future by its own move and sample", async () => {
    const runs: Run[] = [];
    const guidance = { reward: () => undefined as never, samples: 2 };
    const scores = vanillaHistoryGuidance({ scale: 2 });
    await walked(recording(runs, { ...options, guidance, scores }), {
      condition: tensor([7, 8], [2, 1, 1]),
      guidanceInputs: { goal: int32([1, 2], [2]) },
    });
    const { from: _from, to: _to, ...steering } = runs[4]!.inputs;
    expect(steering).toEqual({
      x: tensor([20, 1, 10, 11], [4, 1, 1]),
      condition: tensor([7, 8, 7, 8], [4, 1, 1]),
      "guidance/goal": int32([1, 2, 1, 2], [4]),
      historyNoise: tensor([3, 4, 3, 4], [4, 1, 1]),
      // Moves 3 and 2, then none and 3; the first future, then the second.
      futureNoise: {
        ...{ dtype: "float32", shape: [2, 4, 1, 1] },
        data: Float32Array.of(3, 2.01, 0, 3.01, 3.1, 2.11, 0, 3.11),
      },
    });
    // Drafts around an estimate need none of it.
    expect(Object.keys(runs[1]!.inputs)).toEqual(["x", "levels", "noise", "known", "isKnown", "clean"]);
  });

  it("take the history's noise that the request brings", async () => {
    const runs: Run[] = [];
    const scores = vanillaHistoryGuidance({ scale: 2 });
    await walked(recording(runs, { ...options, scores }), { historyNoise: tensor([8, 9], [2, 1, 1]) });
    expect(runs[2]!.inputs.historyNoise).toEqual(tensor([8, 9, 8, 9], [4, 1, 1]));
    expect(runs[2]!.inputs).not.toHaveProperty("futureNoise");
  });

  it("ask a draft model, told its condition, in place of an estimate", async () => {
    const [runs, drafts]: [Run[], Run[]] = [[], []];
    const condition = tensor([7, 8], [2, 1, 1]);
    const reports = await walked(recording(runs), { condition }, recording(drafts));
    expect(reports.map(({ calls, evaluations }) => [calls, evaluations])).toEqual([
      [1, 2],
      [2, 4],
      [3, 6],
    ]);
    expect(drafts).toHaveLength(3);
    expect(drafts[0]!.key).toEqual(["draft", { batch: 2, length: 1, steps: 2 }, false]);
    expect(Object.keys(drafts[0]!.inputs)).toEqual(["x", "levels", "noise", "known", "isKnown", "condition"]);
    expect(drafts[0]!.inputs.condition).toEqual(condition);
    await walked(recording(runs), {}, recording(drafts));
    expect(drafts[3]!.inputs).not.toHaveProperty("condition");
  });

  it("read the memory of a request, for which graphs are compiled by its types", async () => {
    const runs: Run[] = [];
    const memory = { types: { total: { dtype: "float32", shape: [2] } as const }, values: { total: tensor([1, 2]) } };
    await walked(recording(runs), { memory });
    expect(runs[0]!.key).toEqual(["kernel", 2, 1, 1, [[2]]]);
    expect(runs[0]!.inputs["memory/total"]).toEqual(tensor([1, 2]));
    expect(runs[1]!.inputs).not.toHaveProperty("memory/total");
  });

  it("couple each token by itself where the model is causal and nothing steers, else all together", async () => {
    const decisions = async (more: Partial<WalkOptions>, isCausal = true): Promise<Set<number>> => {
      const counts = new Set<number>();
      const at = (isDecision: boolean): NoiseSource => ({
        split: (label) => at(label === "accept"),
        fillNormal: (target) => {
          if (isDecision) counts.add(target.length);
        },
      });
      const host = recording([], { ...options, ...more });
      const { diffusion } = host;
      const model = isCausal ? { ...diffusion.model, memory: {} as NonNullable<Model["memory"]> } : diffusion.model;
      const rows = [
        [3, 3, 3],
        [2, 2, 2],
        [1, 1, 1],
        [0, 0, 0],
      ];
      await walked(
        { ...host, diffusion: { ...diffusion, model } },
        { tokens: numbers(2, 3, 1), rows, random: at(false) },
      );
      return counts;
    };
    expect(await decisions({})).toEqual(new Set([2 * 3]));
    expect(await decisions({}, false)).toEqual(new Set([2]));
    expect(await decisions({ guidance: { reward: () => undefined as never, samples: 1 } })).toEqual(new Set([2]));
    expect(await decisions({ scores: vanillaHistoryGuidance({ scale: 2 }) })).toEqual(new Set([2]));
  });

  it("end between two windows when asked to, and leave the request's tokens as they were", async () => {
    const controller = new AbortController();
    const tokens = tensor([5, 6], [2, 1, 1]);
    const walk = new SpeculativeWalk(
      recording([]),
      { length: 2, draft: "recent" },
      { ...request, tokens, signal: controller.signal },
    ).windows();
    expect((await walk.next()).value).toMatchObject({ step: 1 });
    controller.abort();
    await expect(walk.next()).rejects.toMatchObject({ code: "aborted" });
    expect(tokens).toEqual(tensor([5, 6], [2, 1, 1]));
  });
});
