import { describe, expect, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import { add, mul, square, sum } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { recurrent } from "../models/recurrent/index.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { smallPath } from "../testing/small-path.js";
import type { Guidance } from "./guidance/gradient.js";
import { vanillaHistoryGuidance } from "./guidance/score-combination.js";
import { ddim } from "./solvers/ddim.js";
import { dpmSolverPlusPlus } from "./solvers/dpm-solver-plus-plus.js";
import type { Solver } from "./solvers/solver.js";
import { walkGraph } from "./walk-graph.js";
import { guidanceInputName, parameterName, type WalkOptions, type WalkShape } from "./walk-inputs.js";

function diffusionOf(conditionFeatures: number): Diffusion {
  const model: Model = {
    config: { kind: "scaling" },
    tokenShape: [3],
    conditionFeatures,
    parameters: { w: { shape: [1], initializer: { kind: "ones" } } },
    apply: (parameters, { tokens }) => mul(tokens, parameters.w!),
  };
  return { model, process: variancePreserving(cosineSchedule(50)), lossWeighting: { kind: "uniform" } };
}
const guidance: Guidance = {
  inputs: (batch, length) => ({ goal: { dtype: "float32", shape: [batch, length] } }),
  reward: (clean) => sum(clean, [1, 2]),
};

function signature(options: Partial<WalkOptions>, more: Partial<WalkShape> = {}, diffusion = diffusionOf(0)) {
  const complete = { solver: ddim(), stabilizationLevel: 0, ...options };
  const { inputs, outputs } = walkGraph(diffusion, complete, { batch: 2, length: 5, steps: 1, ...more });
  const type = (value: { dtype: string; shape: readonly number[] }) => `${value.dtype}[${value.shape.join(", ")}]`;
  return {
    inputs: inputs.map((value) => `${value.attributes.name} ${type(value)}`),
    outputs: Object.entries(outputs).map(([name, value]) => `${name} ${type(value)}`),
  };
}

const always = ["parameters/w float32[1]", "x float32[2, 5, 3]", "levels int32[2, 2, 5]"];

describe("walkGraph", () => {
  it("takes the sequence and its levels, and gives the sequence", () => {
    expect(signature({})).toEqual({ inputs: always, outputs: ["x float32[2, 5, 3]"] });
  });

  it("takes noise for a random solver, for each of its steps, and the condition of a conditioned model", () => {
    expect(signature({ solver: ddim({ eta: 0.5 }) }).inputs).toEqual([...always, "noise float32[1, 2, 5, 3]"]);
    expect(signature({ solver: ddim({ eta: 0.5 }) }, { steps: 4 }).inputs.slice(1)).toEqual([
      "x float32[2, 5, 3]",
      "levels int32[5, 2, 5]",
      "noise float32[4, 2, 5, 3]",
    ]);
    expect(signature({}, {}, diffusionOf(2)).inputs).toEqual([...always, "condition float32[2, 5, 2]"]);
  });

  it("takes the guidance's inputs, and noise for its futures if they are several", () => {
    expect(signature({ guidance }).inputs).toEqual([
      ...always,
      "futureNoise float32[4, 2, 5, 3]",
      "guidance/goal float32[2, 5]",
    ]);
    expect(signature({ guidance: { ...guidance, samples: 1 } }).inputs).toEqual([
      ...always,
      "guidance/goal float32[2, 5]",
    ]);
  });

  it("takes noise for hidden history, and loops what the solver remembers", () => {
    expect(signature({ scores: vanillaHistoryGuidance({ scale: 2 }) }).inputs).toEqual([
      ...always,
      "historyNoise float32[2, 5, 3]",
    ]);
    const { inputs, outputs } = signature({ solver: dpmSolverPlusPlus() });
    const looping = ["solver/clean float32[2, 5, 3]", "solver/level int32[2, 5]"];
    expect(inputs).toEqual([...always, ...looping]);
    expect(outputs).toEqual(["x float32[2, 5, 3]", ...looping]);
  });

  it("takes a memory of every view, and gives it back where it commits", () => {
    const model = recurrent({ features: 3, stateSize: 4, width: 4 });
    const diffusion = { ...diffusionOf(0), model };
    const memory = { state: { dtype: "float32", shape: [2, 4] } } as const;
    const scores = vanillaHistoryGuidance({ scale: 2 });
    const walked = signature({ scores }, { memory, commit: true }, diffusion);
    expect(walked.inputs.at(-1)).toBe("memory/state float32[4, 4]");
    expect(walked.outputs).toEqual(["x float32[2, 5, 3]", "memory/state float32[4, 4]"]);
    const moving = { solver: dpmSolverPlusPlus(), guidance };
    const read = signature(moving, { memory, commit: true, steps: 0 }, diffusion);
    expect(read.inputs.filter((name) => !name.startsWith("parameters"))).toEqual([
      "x float32[2, 5, 3]",
      "memory/state float32[2, 4]",
    ]);
  });

  it("gives no memory back where it does not commit, nor where there is none", () => {
    const diffusion = { ...diffusionOf(0), model: recurrent({ features: 3, stateSize: 4, width: 4 }) };
    const memory = { state: { dtype: "float32", shape: [2, 4] } } as const;
    expect(signature({}, { memory }, diffusion).outputs).toEqual(["x float32[2, 5, 3]"]);
    expect(signature({}, { commit: true }, diffusion).outputs).toEqual(["x float32[2, 5, 3]"]);
  });

  it("computes a sequence that no step moves, too, as an input has no node that could be an output", () => {
    const opOf = (steps: number) =>
      walkGraph(diffusionOf(0), { solver: ddim(), stabilizationLevel: 0 }, { batch: 1, length: 1, steps }).outputs.x
        ?.op;
    expect([opOf(0), opOf(1)]).toEqual(["mul", "where"]);
  });

  it.each<[string, (taken: { x: Value; memory: Record<string, Value> }) => unknown, string]>([
    ["nothing", () => undefined, "gave undefined; expected an object with x [2, 5, 3]."],
    ["no tokens", ({ memory }) => ({ memory }), "gave undefined; expected an object with x [2, 5, 3]."],
    ["other tokens", ({ x, memory }) => ({ x: sum(x, 2), memory }), "; expected an object with x [2, 5, 3]."],
    ["no memory", ({ x }) => ({ x }), 'gave undefined; expected an object with the memory "b".'],
    ["a part of its memory", ({ x, memory: { b } }) => ({ x, memory: { b } }), 'the memory "a".'],
    ["an array", ({ memory }) => ({ x: [1], memory }), "gave [1]; expected an object with x [2, 5, 3]."],
  ])("refuses a solver whose step gives %s", (_what, give, message) => {
    const solver = {
      ...{ config: { kind: "mine" }, draws: 0, evaluations: 0, needsPath: false },
      memory: ({ shape }: { shape: readonly number[] }) => ({
        b: { dtype: "float32", shape },
        a: { dtype: "float32", shape },
      }),
      step: give,
    };
    const work = () => signature({ solver: solver as unknown as Solver });
    expect(work).toThrow(/^A step of the solver mine gave /);
    expect(work).toThrow(message);
  });

  it("gives the details asked for", () => {
    expect(signature({}, { details: true }).outputs).toEqual(["x float32[2, 5, 3]", "clean float32[2, 5, 3]"]);
    // No step, no estimate.
    expect(signature({}, { details: true, steps: 0 }).outputs).toEqual(["x float32[2, 5, 3]"]);
    expect(signature({ guidance }, { details: true }).outputs).toEqual([
      "x float32[2, 5, 3]",
      "clean float32[2, 5, 3]",
      "reward float32[2]",
      "rewardGradient float32[2, 5, 3]",
    ]);
  });

  it("names parameters and guidance inputs apart", () => {
    expect([parameterName("w"), guidanceInputName("w")]).toEqual(["parameters/w", "guidance/w"]);
  });
});

describe("steps in a row", () => {
  /** Adds ten times its first draw and its second, and counts its steps. */
  const adding: Solver = {
    config: { kind: "adding" },
    draws: 2,
    evaluations: 0,
    needsPath: false,
    memory: ({ shape }) => ({ steps: { dtype: "float32", shape } }),
    step: ({ x, noise, memory }) => ({
      x: add(x, add(mul(noise[0]!, 10), noise[1]!)),
      memory: { steps: add(memory.steps!, 1) },
    }),
  };

  it("take their own draws; a token whose level stays keeps its value, and what the solver remembers of it", () => {
    const graph = walkGraph(
      diffusionOf(0),
      { solver: adding, stabilizationLevel: 0 },
      { batch: 1, length: 2, steps: 2 },
    );
    const { x, "solver/steps": steps } = evaluateGraph(graph, {
      "parameters/w": tensor([1]),
      x: tensor([100, 100, 100, 200, 200, 200], [1, 2, 3]),
      levels: tensor(Int32Array.of(5, 5, 4, 5, 3, 4), [3, 1, 2]),
      noise: tensor(
        [1, 2, 3, 4].flatMap((z) => new Array<number>(6).fill(z)),
        [4, 1, 2, 3],
      ),
      "solver/steps": tensor([0, 0, 0, 7, 7, 7], [1, 2, 3]),
    });
    // Draws 1 and 2 of the first step, 3 and 4 of the second; the second token moves in that alone.
    expect([...x!.data]).toEqual([146, 146, 146, 234, 234, 234]);
    expect([...steps!.data]).toEqual([2, 2, 2, 8, 8, 8]);
  });

  it("take their own futures", () => {
    const predicting: Solver = {
      config: { kind: "predicting" },
      draws: 0,
      evaluations: 1,
      needsPath: false,
      step: ({ x, from, predict }) => ({ x: add(x, mul(predict(x, from).clean, 1)) }),
    };
    const process = smallPath();
    const diffusion = { ...diffusionOf(0), process };
    const guided = {
      samples: 2,
      gain: () => Float64Array.of(1, 1, 1, 1),
      reward: (clean: Value) => sum(square(clean), [1, 2]),
    };
    const options = { solver: predicting, stabilizationLevel: 0, guidance: guided };
    const run = (steps: number, x: number, levels: number[], futures: number[]) => {
      const graph = walkGraph(diffusion, options, { batch: 1, length: 1, steps });
      const noise = tensor(
        futures.flatMap((z) => [z, z, z]),
        [2 * steps, 1, 1, 3],
      );
      const rows = tensor(Int32Array.from(levels), [steps + 1, 1, 1]);
      const given = {
        "parameters/w": tensor([0.5]),
        x: tensor([x, x, x], [1, 1, 3]),
        levels: rows,
        futureNoise: noise,
      };
      return evaluateGraph(graph, given).x!.data[0]!;
    };
    const first = run(1, 1, [3, 2], [0.1, 0.4]);
    expect(run(2, 1, [3, 2, 1], [0.1, 0.4, -0.7, 2])).toBeCloseTo(run(1, first, [2, 1], [-0.7, 2]), 5);
    expect(run(1, first, [2, 1], [-0.7, 2])).not.toBeCloseTo(run(1, first, [2, 1], [0.1, 0.4]), 3);
  });
});

it("is not made of sequences longer than any device holds", () => {
  expect(() => signature({}, { length: 1e12 })).toThrow(
    /walkGraph: \d+ sequences of 1000000000000 tokens are too much for one walk/,
  );
});
