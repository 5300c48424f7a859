import { describe, expect, it } from "vitest";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import {
  type AdamWOptions,
  adamW,
  adamWScalars,
  clipByNorm,
  completeAdamW,
  emaRate,
  globalNorm,
  movingAverage,
} from "./optimizer.js";
import { decayWeightsOnly } from "./parameter-groups.js";

/** The parameter [1, -2] after each step with the gradients [0.5, 0], [-0.25, 3], [1, -1]. */
function threeSteps(given: AdamWOptions): number[][] {
  const options = completeAdamW(given);
  const pair = { dtype: "float32", shape: [2] } as const;
  const scalar = { dtype: "float32", shape: [] } as const;
  const types = { p: pair, g: pair, m: pair, v: pair, decay: scalar, stepSize: scalar, epsilon: scalar };
  const graph = trace(types, ({ p, g, m, v, ...scalars }) => {
    const { parameters, first, second } = adamW(
      options,
      { p },
      { p: g },
      { first: { p: m }, second: { p: v } },
      () => scalars,
    );
    return { p: parameters.p!, m: first.p!, v: second.p! };
  });
  let state: Record<string, HostTensor> = { p: tensor([1, -2]), m: tensor([0, 0]), v: tensor([0, 0]) };
  const gradients = [tensor([0.5, 0]), tensor([-0.25, 3]), tensor([1, -1])];
  return gradients.map((g, i) => {
    const group = { learningRate: 1, weightDecay: options.weightDecay };
    const { decay = 1, stepSize, epsilon } = adamWScalars(options, group, i + 1, options.learningRate);
    const scalars = { decay: tensor([decay], []), stepSize: tensor([stepSize], []), epsilon: tensor([epsilon], []) };
    state = evaluateGraph(graph, { ...state, g, ...scalars });
    return [...state.p!.data];
  });
}

const close = (rows: number[][]) => rows.map((row) => row.map((value) => expect.closeTo(value, 5)));

describe("adamW", () => {
  // Expected: PyTorch's update written out in doubles,
  // p <- p (1 - lr wd); m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2;
  // p <- p - lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps).
  it("takes PyTorch's three steps with the usual constants", () => {
    expect(threeSteps({ learningRate: 0.1, weightDecay: 0.01 })).toEqual(
      close([
        [0.899, -1.998],
        [0.8714673, -2.0704157],
        [0.8047847, -2.1027025],
      ]),
    );
  });

  it("takes PyTorch's three steps with other constants, epsilon outside the root", () => {
    expect(threeSteps({ learningRate: 0.1, betas: [0.8, 0.99], epsilon: 0.1, weightDecay: 0.5 })).toEqual(
      close([
        [0.8666667, -1.9],
        [0.8064877, -1.8798511],
        [0.7060306, -1.8156395],
      ]),
    );
  });

  it("decays before it steps, and not at all without weight decay", () => {
    // The first step is lr sign(g): 1 (1 - 0.05) - 0.1. Decaying afterwards would give (1 - 0.1) 0.95 = 0.855.
    expect(threeSteps({ learningRate: 0.1, weightDecay: 0.5 })[0]).toEqual([
      expect.closeTo(0.85, 6),
      -1.899999976158142,
    ]);
    expect(threeSteps({ learningRate: 0.1, weightDecay: 0 })[0]).toEqual([expect.closeTo(0.9, 6), -2]);
  });
});

describe("completeAdamW", () => {
  it("adds the defaults", () => {
    expect(completeAdamW({ learningRate: 0.002 })).toEqual({
      learningRate: 0.002,
      betas: [0.9, 0.999],
      epsilon: 1e-8,
      weightDecay: 1e-4,
      group: decayWeightsOnly,
    });
    expect(completeAdamW().learningRate).toBe(1e-3);
    // As programs without types write what they leave open.
    expect(completeAdamW({ learningRate: undefined, betas: undefined } as never)).toEqual(completeAdamW());
  });
});

describe("gradient clipping", () => {
  const clipped = (limit: number): { norm: number; gradients: number[] } => {
    const gradients = { a: tensor([3, 0]), b: tensor([[0, -4]].flat(), [1, 2]) };
    const graph = trace(gradients, (values) => {
      const norm = globalNorm(values);
      return { norm, ...clipByNorm(values, norm, limit) };
    });
    const { norm, a, b } = evaluateGraph(graph, gradients);
    return { norm: norm!.data[0]!, gradients: [...a!.data, ...b!.data] };
  };

  it("scales all gradients by their common norm", () => {
    // 1 / (5 + 1e-6) of 3 and -4.
    const { norm, gradients } = clipped(1);
    expect(norm).toBe(5);
    expect(gradients).toEqual([expect.closeTo(0.59999988, 7), 0, 0, expect.closeTo(-0.79999984, 7)]);
  });

  it("leaves gradients within the limit as they are", () => {
    expect(clipped(5.1)).toEqual({ norm: 5, gradients: [3, 0, 0, -4] });
  });
});

describe("adamWScalars", () => {
  const options = { betas: [0.9, 0.99], epsilon: 1e-3 } as const;

  it("are the group's own: its rate, and a decay only where it decays", () => {
    // (1 - .9) / (1 - .81) and the root of (1 - .99) / (1 - .9801).
    const [first, second] = [0.1 / 0.19, Math.sqrt(0.01 / 0.0199)];
    expect(adamWScalars(options, { learningRate: 0.5, weightDecay: 0.2 }, 2, 0.1)).toEqual({
      decay: expect.closeTo(0.99, 12),
      stepSize: expect.closeTo((0.05 * first) / second, 12),
      epsilon: expect.closeTo(1e-3 / second, 12),
    });
    const still = adamWScalars(options, { learningRate: 1, weightDecay: 0, ascent: 0 }, 1, 0.1);
    expect(still).toEqual({ stepSize: expect.closeTo(0.1, 12), epsilon: expect.closeTo(1e-3, 12) });
  });

  it("of what climbs are its rate of ascent, whatever the learning rate", () => {
    const scalars = adamWScalars(options, { learningRate: 1, weightDecay: 0, ascent: 0.25 }, 3, 0.1);
    expect(scalars).toEqual({ stepSize: 0.25, epsilon: 1e-3, isAscent: true });
  });
});

describe("ascent", () => {
  it("climbs by its rate times the slope, never below 0, and leaves the moments as they are", () => {
    const given = { p: tensor([1, 1]), g: tensor([2, -8]), m: tensor([3, 4]), v: tensor([5, 6]) };
    const graph = trace(given, ({ p, g, m, v }) => {
      const scalars = { stepSize: g, epsilon: g, isAscent: true };
      const moments = { first: { p: m }, second: { p: v } };
      const { parameters, first, second } = adamW({ betas: [0.5, 0.5] }, { p }, { p: g }, moments, () => scalars);
      return { p: parameters.p!, m: first.p!, v: second.p! };
    });
    // The slope is its own rate here: 1 + 2 x 2, and 1 + 64.
    const { p, m, v } = evaluateGraph(graph, given);
    expect([p, m, v].map((found) => [...found!.data])).toEqual([
      [5, 65],
      [3, 4],
      [5, 6],
    ]);
    const falling = trace({ p: given.p, g: given.g }, ({ p, g }) => {
      const scalars = { stepSize: p, epsilon: p, isAscent: true };
      const moments = { first: { p }, second: { p } };
      return { p: adamW({ betas: [0.5, 0.5] }, { p }, { p: g }, moments, () => scalars).parameters.p! };
    });
    expect([...evaluateGraph(falling, { p: given.p, g: given.g }).p!.data]).toEqual([3, 0]);
  });
});

describe("the moving average", () => {
  it("follows by 1 - decay, and faster at first: by 9 / (10 + step)", () => {
    expect([emaRate(0.999, 1), emaRate(0.999, 8), emaRate(0.5, 100)]).toEqual(
      [9 / 11, 0.5, 0.5].map((rate) => expect.closeTo(rate, 12)),
    );
  });

  it("goes a share of the way to the parameters", () => {
    const given = { ema: tensor([1, 2]), p: tensor([5, -2]), rate: tensor([0.25], []) };
    const graph = trace(given, ({ ema, p, rate }) => movingAverage({ w: ema }, { w: p }, rate));
    expect([...evaluateGraph(graph, given).w!.data]).toEqual([2, 1]);
  });
});
