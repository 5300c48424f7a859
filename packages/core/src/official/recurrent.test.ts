import { describe, expect, it } from "vitest";
import { trace } from "../engine/graph/trace.js";
import { createRandom } from "../engine/random/index.js";
import { evaluateGraph, referenceBackend } from "../engine/reference/index.js";
import { type HostTensor, tensor, zeros } from "../engine/tensor/tensor.js";
import { initializeParameters } from "../models/parameters.js";
import { recurrent } from "../models/recurrent/index.js";
import { cosineSchedule, linearSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { timestepLevels } from "../process/timesteps.js";
import { recordedNoise } from "../sampling/noise-source.js";
import { fullSequence, type MatrixShape, pyramid } from "../sampling/plan/matrix-shapes.js";
import { Sampler } from "../sampling/sampler.js";
import { officialGuidanceFactor, officialRecurrentRollout } from "./recurrent.js";

describe("officialGuidanceFactor", () => {
  const process = variancePreserving(linearSchedule(100), { objective: "x0" });

  it.each([
    [0, [7.468462e-5, 0.025948942, 0]],
    [1, [0.6534538, 0.46168894, 0]],
  ])("is the paper's planner's, eta %d", (eta, expected) => {
    const levels = { from: tensor(Int32Array.of(100, 60, 10), [1, 3]), to: tensor(Int32Array.of(90, 50, 0), [1, 3]) };
    const graph = trace(levels, ({ from, to }) => ({ factor: officialGuidanceFactor(process, from, to, eta, 3) }));
    const { shape, data } = evaluateGraph(graph, levels).factor!;
    expect(shape).toEqual([1, 3, 1]);
    expect([...data]).toEqual(expected.map((value) => expect.closeTo(value, 6)));
  });
});

describe("officialRecurrentRollout", () => {
  const model = recurrent({ features: 2, stateSize: 4, width: 4 });
  const process = variancePreserving(cosineSchedule(20), { objective: "x0", noiseClip: 6, limit: { kind: "none" } });
  const diffusion = { model, process, lossWeighting: { kind: "uniform" } } as const;
  const parameters = initializeParameters(model, createRandom(1));
  const backend = referenceBackend();
  /** All draws alike, so that none depends on the order of drawing. */
  const noise = (shape: readonly number[]): HostTensor => {
    const drawn = zeros("float32", shape);
    drawn.data.forEach((_, i) => {
      drawn.data[i] = 0.3 - 0.5 * (i % 2);
    });
    return drawn;
  };
  const official = (length: number, chunk: number, matrix: MatrixShape) =>
    officialRecurrentRollout(diffusion, {
      backend,
      parameters,
      eta: 0,
      levels: timestepLevels(20, 4),
      context: [],
      length,
      chunk,
      matrix,
      batch: 1,
      noise,
    });
  async function ours(length: number, chunk: number, matrix: MatrixShape): Promise<number[]> {
    const seed = recordedNoise((path) => {
      const size = path.at(-1) === "start" ? 2 * Math.min(chunk, length - (path[0] as number)) : 2;
      return noise([size]).data;
    });
    const sampler = new Sampler(diffusion, { backend, parameters, timesteps: 4, stabilizationLevel: 1 });
    const values: number[] = [];
    for await (const { tokens } of sampler.rollout({ length, chunk, matrix, seed })) values.push(...tokens.data);
    return values;
  }

  it("is the sampler's own for a first token: what follows goes on from a state read a step earlier", async () => {
    const found = (await official(2, 1, fullSequence())).flatMap(({ data }) => [...data]);
    const expected = await ours(2, 1, fullSequence());
    expect(found.slice(0, 2)).toEqual(expected.slice(0, 2).map((value) => expect.closeTo(value, 5)));
    expect(found.slice(2)).not.toEqual(expected.slice(2).map((value) => expect.closeTo(value, 5)));
  });

  it("steps finished tokens again, so that a chunk differs from the sampler's own even in its first token", async () => {
    const found = (await official(2, 2, pyramid())).flatMap(({ data }) => [...data]);
    const expected = await ours(2, 2, pyramid());
    expect(found).not.toEqual(expected.map((value) => expect.closeTo(value, 5)));
  });

  it("gives the estimates of known tokens first", async () => {
    const known = await officialRecurrentRollout(diffusion, {
      backend,
      parameters,
      eta: 1,
      levels: timestepLevels(20, 4),
      context: [tensor([1, -1], [1, 1, 2])],
      length: 1,
      chunk: 1,
      matrix: pyramid(),
      batch: 1,
      noise,
    });
    expect(known.map(({ shape }) => shape)).toEqual([
      [1, 1, 2],
      [1, 1, 2],
    ]);
  });
});
