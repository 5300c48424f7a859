import { describe, expect, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import type { LossDenominator } from "../diffusion/loss.js";
import { add, constant, mul, sum } from "../engine/graph/operations.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { transformer } from "../models/transformer/index.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import type { BatchTypes } from "./graph-inputs.js";
import { completeAdamW } from "./optimizer.js";
import { packState, stateLayout, unpackState } from "./state-layout.js";
import {
  accumulatedUpdateGraph,
  lossGraph,
  microStepGraph,
  type StepGraphOptions,
  stepScalars,
  trainingStepGraph,
} from "./step-graph.js";
import type { Trainable } from "./trainable.js";
import { trainableDiffusion } from "./trainable-diffusion.js";

/** Answers w times what it sees. */
const scaling: Model = {
  config: { kind: "scaling" },
  tokenShape: [1],
  conditionFeatures: 0,
  parameters: { w: { shape: [1], initializer: { kind: "ones" } } },
  apply: (parameters, { tokens }) => mul(tokens, parameters.w!),
};
const diffusion: Diffusion = {
  model: scaling,
  process: variancePreserving(cosineSchedule(10), { objective: "x0", noiseClip: 6 }),
  lossWeighting: { kind: "uniform" },
};
const options: StepGraphOptions = {
  optimizer: completeAdamW({ learningRate: 0.1, weightDecay: 0.01, group: () => ({}) }),
  maxGradNorm: 1,
  emaDecay: 0.9,
};
const trainable = trainableDiffusion(diffusion);
const types: BatchTypes = {
  tokens: { dtype: "float32", shape: [1, 2, 1] },
  noiseLevels: { dtype: "int32", shape: [1, 2] },
  noise: { dtype: "float32", shape: [1, 2, 1] },
};

// Clean tokens 1 and 2 at level 0, so the loss is the mean of ((w - 1) x0)^2; w = 3 gives (4 + 16) / 2 = 10, and its
// slope 2 (w - 1) x0^2 gives (4 + 16) / 2 = 10 too.
const state = { "parameters/w": tensor([3]), "first/w": tensor([0]), "second/w": tensor([0]) };
const batch = {
  tokens: tensor([1, 2], [1, 2, 1]),
  noiseLevels: tensor(Int32Array.of(0, 0), [1, 2]),
  noise: tensor([5, -5], [1, 2, 1]),
  "decay/0": tensor([0.999], []),
  "stepSize/0": tensor([0.1], []),
  epsilon: tensor([0], []),
};
const values = (results: ReturnType<typeof evaluateGraph>) =>
  Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data[0]]));
const close = (expected: Record<string, number>) =>
  Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, expect.closeTo(value, 5)]));

describe("trainingStepGraph", () => {
  it("steps by the clipped gradient and moves the average", () => {
    const graph = trainingStepGraph(trainable, options, types);
    const results = evaluateGraph(graph, { ...state, "ema/w": tensor([3]), emaRate: tensor([0.1], []), ...batch });
    expect(values(results)).toEqual(
      close({
        loss: 10,
        gradientNorm: 10,
        "parameters/w": 2.897, // 3 * 0.999 - 0.1
        "first/w": 1, // 10 / 10, without the factor 1 - beta1
        "second/w": 1,
        "ema/w": 2.9897, // 3 + (2.897 - 3) / 10
      }),
    );
  });

  it("steps by the whole gradient without clipping, and keeps no average unless told", () => {
    const graph = trainingStepGraph(trainable, { ...options, maxGradNorm: undefined, emaDecay: undefined }, types);
    expect(values(evaluateGraph(graph, { ...state, ...batch }))).toEqual(
      close({ loss: 10, "parameters/w": 2.897, "first/w": 10, "second/w": 100 }),
    );
  });

  it("clips by the norm of what descends alone, and lets multipliers climb by their own slope", () => {
    // The loss 3 w + 40 m: m climbs by .1 x 40, whatever the norm of w's slope, 3, which is clipped to 1.
    const mixed: Trainable = {
      ...trainable,
      parameters: {
        w: { shape: [1], initializer: { kind: "ones" } },
        m: { shape: [], initializer: { kind: "zeros" }, ascent: 0.1 },
      },
      loss: ({ w, m }) => {
        const total = add(mul(sum(w!), 3), mul(m!, 40));
        return { loss: total, total, denominator: constant(1) };
      },
    };
    const own = { ...options, optimizer: completeAdamW({ weightDecay: 0 }), emaDecay: undefined };
    const layout = stateLayout(mixed, own.optimizer);
    const zero = { w: tensor([0]), m: tensor([0], []) };
    const start = packState(layout, { parameters: { w: tensor([1]), m: tensor([2], []) }, first: zero, second: zero });
    const { "decay/0": _, "stepSize/0": __, epsilon: ___, ...given } = batch;
    const scalars = Object.fromEntries(
      Object.entries(stepScalars(layout, own, 1, 0.01)).map(([name, value]) => [name, tensor([value], [])]),
    );
    const results = evaluateGraph(trainingStepGraph(mixed, own, types), { ...start, ...given, ...scalars });
    expect(results.gradientNorm!.data[0]).toBeCloseTo(3, 5);
    const { parameters, first } = unpackState(layout, ["parameters", "first"], results as never);
    expect(parameters.m!.data[0]).toBeCloseTo(2 + 4, 5);
    expect(first.w!.data[0]).toBeCloseTo(1, 5);
  });

  it("computes blocks once more for the gradient only where it is told to", () => {
    const model = transformer({ features: 1, width: 8, layers: 1, heads: 1 });
    const blocks = trainableDiffusion({ ...diffusion, model });
    const nodes = (more: Partial<StepGraphOptions>) =>
      trainingStepGraph(blocks, { ...options, ...more }, types).nodes.length;
    const plain = nodes({});
    expect(nodes({ rematerialize: false })).toBe(plain);
    expect(nodes({ rematerialize: true })).toBeGreaterThan(plain);
  });

  it("leaves elements of weight 0 out of the gradient", () => {
    const reduced = (denominator?: LossDenominator) => {
      const loss = denominator ? { denominator } : {};
      const graph = trainingStepGraph(
        trainableDiffusion(diffusion, loss),
        { ...options, emaDecay: undefined },
        {
          ...types,
          lossMask: { dtype: "float32", shape: [2, 1] },
        },
      );
      return values(evaluateGraph(graph, { ...state, ...batch, lossMask: tensor([1, 0], [2, 1]) }));
    };
    // Only x0 = 1 counts: 4 of one element, or (4 + 0) / 2.
    expect(reduced()).toMatchObject(close({ loss: 4, gradientNorm: 4 }));
    expect(reduced(() => 2)).toMatchObject(close({ loss: 2, gradientNorm: 2 }));
  });

  it("declares the state, the batch and the scalars", () => {
    const graph = trainingStepGraph(trainable, options, { ...types, lossMask: { dtype: "float32", shape: [1] } });
    const names = graph.inputs.map(
      ({ attributes, dtype, shape }) => `${attributes.name} ${dtype}[${shape.join(", ")}]`,
    );
    expect(names.sort()).toEqual([
      "decay/0 float32[]",
      "ema/w float32[1]",
      "emaRate float32[]",
      "epsilon float32[]",
      "first/w float32[1]",
      "lossMask float32[1]",
      "noise float32[1, 2, 1]",
      "noiseLevels int32[1, 2]",
      "parameters/w float32[1]",
      "second/w float32[1]",
      "stepSize/0 float32[]",
      "tokens float32[1, 2, 1]",
    ]);
  });

  it("packs a state and takes it apart again", () => {
    const w = { w: tensor([3]) };
    const layout = stateLayout(scaling, options.optimizer);
    const packed = packState(layout, { parameters: w, first: { w: tensor([4]) } });
    expect(packed).toEqual({ "parameters/w": tensor([3]), "first/w": tensor([4]) });
    expect(unpackState(layout, ["parameters"], packed)).toEqual({ parameters: w });
  });
});

describe("accumulation", () => {
  const plain = { ...options, maxGradNorm: undefined, emaDecay: undefined };
  const { tokens, noiseLevels, noise } = batch;
  const scalar = (value: number) => tensor([value], []);

  it("adds a part's sums to those of the parts before, from nothing where keep is 0", () => {
    const graph = microStepGraph(trainable, plain, types);
    const sums = { "gradient/w": tensor([100]), total: scalar(200), denominator: scalar(50) };
    const after = (keep: number) =>
      values(
        evaluateGraph(graph, {
          ...{ "parameters/w": tensor([3]), tokens, noiseLevels, noise },
          ...{ ...sums, keep: scalar(keep) },
        }),
      );
    // Two elements, of 4 + 16 in all, with the slope 4 + 16.
    expect(after(0)).toEqual(close({ "gradient/w": 20, total: 20, denominator: 2 }));
    expect(after(1)).toEqual(close({ "gradient/w": 120, total: 220, denominator: 52 }));
  });

  it("steps by the sums over the denominator", () => {
    const graph = accumulatedUpdateGraph(trainable, plain);
    const scalars = { "decay/0": scalar(0.999), "stepSize/0": scalar(0.1), epsilon: scalar(0) };
    const sums = { "gradient/w": tensor([30]), total: scalar(60), denominator: scalar(4) };
    expect(values(evaluateGraph(graph, { ...state, ...sums, ...scalars }))).toEqual(
      close({ loss: 15, "parameters/w": 2.897, "first/w": 7.5, "second/w": 56.25 }),
    );
  });

  it("has the loss alone for validation", () => {
    const graph = lossGraph(trainable, plain, types);
    const found = evaluateGraph(graph, { "parameters/w": tensor([3]), tokens, noiseLevels, noise });
    expect(values(found)).toEqual(close({ total: 20, denominator: 2 }));
  });
});

describe("stepScalars", () => {
  it("are those of every group, with a decay only where something decays, and the average's rate if one is kept", () => {
    const model = {
      ...scaling,
      parameters: {
        w: { shape: [1, 1], initializer: { kind: "ones" } },
        b: { shape: [1], initializer: { kind: "ones" } },
      },
    } as const;
    const own = { ...options, optimizer: completeAdamW({ weightDecay: 0.5, epsilon: 1e-4 }) };
    const scalars = stepScalars(stateLayout(model, own.optimizer), own, 1, 0.1);
    expect(scalars).toEqual(
      close({ emaRate: 9 / 11, epsilon: 1e-4, "stepSize/0": 0.1, "decay/0": 0.95, "stepSize/1": 0.1 }),
    );
    const without = stepScalars(stateLayout(model, own.optimizer), { ...own, emaDecay: undefined }, 1, 0.1);
    expect(Object.keys(without).sort()).toEqual(["decay/0", "epsilon", "stepSize/0", "stepSize/1"]);
  });
});
