import { describe, expect, it } from "vitest";
import { trace } from "../../engine/graph/trace.js";
import type { Value } from "../../engine/graph/value.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { type HostTensor, readTensor, tensor } from "../../engine/tensor/tensor.js";
import {
  addNoise,
  atLevel,
  forwardMoments,
  noiseFromX0,
  posterior,
  velocity,
  x0FromNoise,
  x0FromVelocity,
} from "./conversions.js";
import { cosineSchedule, linearSchedule } from "./schedule.js";

async function run(
  inputs: Record<string, HostTensor>,
  fn: (values: Record<string, Value>) => Value,
): Promise<{ shape: readonly number[]; values: number[] }> {
  const executable = await referenceBackend().compile(trace(inputs, (values) => ({ result: fn(values) })));
  const { result } = await executable.run(inputs);
  const { shape, data } = await readTensor(result!);
  return { shape, values: [...data] };
}

const schedule = linearSchedule(25);
// One sample, two tokens of three features. Levels 1 and 16 are the official levels 0 and 15.
const levels = tensor(Int32Array.of(1, 16), [1, 2]);
const x0 = tensor([0.73715866, 0.26162478, -1.07086265, 0.5, -1, 2], [1, 2, 3]);
const noise = tensor([-0.26743957, -0.39999032, 0.76898491, 1, 0, -1], [1, 2, 3]);

describe("addNoise", () => {
  it("gives the official values at the first level", async () => {
    const { shape, values } = await run({ x0, levels, noise }, (v) => addNoise(schedule, v.x0!, v.levels!, v.noise!));
    expect(shape).toEqual([1, 2, 3]);
    expect(values[0]).toBeCloseTo(0.71876848, 6);
    expect(values[1]).toBeCloseTo(0.2358034, 6);
    expect(values[2]).toBeCloseTo(-1.02008389, 6);
  });

  it("leaves tokens of level 0 as they are", async () => {
    const clean = tensor(Int32Array.of(0, 0), [1, 2]);
    const { values } = await run({ x0, levels: clean, noise }, (v) => addNoise(schedule, v.x0!, v.levels!, v.noise!));
    expect(values).toEqual([...x0.data]);
  });

  it("has the variance 1 that a unit-variance x0 and noise give", () => {
    const { sqrtAlphasCumprod, sqrtOneMinusAlphasCumprod } = cosineSchedule(100).float64;
    for (let level = 0; level <= 100; level++) {
      expect(sqrtAlphasCumprod[level]! ** 2 + sqrtOneMinusAlphasCumprod[level]! ** 2).toBeCloseTo(1, 14);
    }
  });
});

describe("the parameterisations", () => {
  it("recover x0 from the noise, and the noise from x0", async () => {
    const back = await run({ x0, levels, noise }, (v) => {
      const x = addNoise(schedule, v.x0!, v.levels!, v.noise!);
      return x0FromNoise(schedule, x, v.levels!, v.noise!);
    });
    back.values.forEach((value, i) => void expect(value).toBeCloseTo(x0.data[i] as number, 4));
    const eps = await run({ x0, levels, noise }, (v) => {
      const x = addNoise(schedule, v.x0!, v.levels!, v.noise!);
      return noiseFromX0(schedule, x, v.levels!, v.x0!);
    });
    eps.values.forEach((value, i) => void expect(value).toBeCloseTo(noise.data[i] as number, 4));
  });

  it("recover x0 from v", async () => {
    const { values } = await run({ x0, levels, noise }, (v) => {
      const x = addNoise(schedule, v.x0!, v.levels!, v.noise!);
      return x0FromVelocity(schedule, x, v.levels!, velocity(schedule, v.x0!, v.levels!, v.noise!));
    });
    values.forEach((value, i) => void expect(value).toBeCloseTo(x0.data[i] as number, 5));
  });

  it("stay finite at level 0", async () => {
    const clean = tensor(Int32Array.of(0, 0), [1, 2]);
    const { values } = await run({ x0, levels: clean }, (v) => noiseFromX0(schedule, v.x0!, v.levels!, v.x0!));
    expect(values).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe("posterior", () => {
  it("is x0 itself at level 1, and has the official values at level 16", async () => {
    const inputs = { x0, levels, x: noise };
    const mean = await run(inputs, (v) => posterior(schedule, v.x0!, v.x!, v.levels!).mean);
    expect(mean.values.slice(0, 3)).toEqual([...x0.data.slice(0, 3)].map((value) => expect.closeTo(value, 6)));
    const variance = await run(inputs, (v) => posterior(schedule, v.x0!, v.x!, v.levels!).variance);
    expect(variance.shape).toEqual([1, 2, 1]);
    expect(variance.values).toEqual([0, expect.closeTo(0.49811161, 7)]);
    const logVariance = await run(inputs, (v) => posterior(schedule, v.x0!, v.x!, v.levels!).logVariance);
    expect(logVariance.values).toEqual([expect.closeTo(-46.0517007, 5), expect.closeTo(-0.69693112, 6)]);
  });
});

describe("forwardMoments", () => {
  it("has the official variance at levels 1 and 16", async () => {
    const { values } = await run({ x0, levels }, (v) => forwardMoments(schedule, v.x0!, v.levels!).variance);
    expect(values).toEqual([expect.closeTo(0.00400001, 7), expect.closeTo(0.99332875, 7)]);
  });
});

describe("atLevel", () => {
  it("reads a table at every token's level and broadcasts over the trailing axes", async () => {
    const table = Float32Array.of(10, 11, 12);
    const at = tensor(Int32Array.of(2, 0, 1, 1), [2, 2]);
    const { shape, values } = await run({ at }, (v) => atLevel(table, v.at!, 4));
    expect(shape).toEqual([2, 2, 1, 1]);
    expect(values).toEqual([12, 10, 11, 11]);
  });
});
