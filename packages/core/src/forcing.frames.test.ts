import { describe, expect, it } from "vitest";
import { mul, square, sum } from "./engine/graph/operations.js";
import { referenceBackend } from "./engine/reference/index.js";
import { type HostTensor, tensor } from "./engine/tensor/tensor.js";
import { type DiffusionForcing, diffusionForcing } from "./forcing.js";
import type { Model } from "./models/model.js";
import { cosineSchedule } from "./process/gaussian/schedule.js";
import { autoregressive, schedulingMatrix } from "./sampling/plan/matrix-shapes.js";
import type { SamplerOptions } from "./sampling/sampler.js";
import { ddim } from "./sampling/solvers/ddim.js";

/** One factor for all: frames [1, 2, 3] are to come out as the vectors of the same 6 numbers do. */
function forcingOf(tokenShape: readonly number[]): DiffusionForcing {
  const model: Model = {
    config: { kind: "scaling" },
    tokenShape,
    conditionFeatures: 0,
    parameters: { w: { shape: [1], initializer: { kind: "ones" } } },
    apply: ({ w }, { tokens }) => mul(tokens, w!),
  };
  return diffusionForcing({ model, schedule: cosineSchedule(20), objective: "v" });
}

const data = Float32Array.from({ length: 2 * 4 * 6 }, (_, i) => Math.sin(i));
const frames = [1, 2, 3];
const sequence = (token: readonly number[]): HostTensor => tensor(data, [2, 4, ...token]);
const parameters = { w: tensor([0.7]) };

async function trained(token: readonly number[]): Promise<readonly number[]> {
  const lossMask = tensor(
    Float32Array.from({ length: 8 }, (_, i) => i % 3),
    [2, 4, ...token.map(() => 1)],
  );
  const steps = forcingOf(token).trainStream({
    backend: referenceBackend(),
    batches: () => ({ tokens: sequence(token), lossMask }),
    steps: 3,
    seed: 0,
    optimizer: { learningRate: 0.1 },
  });
  const losses: number[] = [];
  for await (const { loss } of steps) losses.push(loss);
  return losses;
}

async function sampled(token: readonly number[], options: Partial<SamplerOptions>): Promise<HostTensor> {
  const sampler = forcingOf(token).sampler({ backend: referenceBackend(), parameters, timesteps: 5, ...options });
  return sampler.denoise({
    tokens: sequence(token),
    rows: schedulingMatrix(autoregressive(), 5, 4).rows,
    seed: 1,
  });
}

describe("frames", () => {
  it("train as the vectors of their numbers do", async () => {
    const losses = await trained(frames);
    expect(losses).toEqual(await trained([6]));
    expect(losses.every((loss, i) => loss > 0 && loss !== losses[i - 1])).toBe(true);
  });

  it.each<[string, Partial<SamplerOptions>]>([
    ["without noise", { stabilizationLevel: 3 }],
    ["with noise", { solver: ddim({ eta: 1 }) }],
    [
      "towards a reward, over futures",
      { guidance: { samples: 2, reward: (clean) => sum(square(clean), axesAfterBatch(clean)) } },
    ],
  ])("are sampled as vectors are: %s", async (_name, options) => {
    const asFrames = await sampled(frames, options);
    expect(asFrames.shape).toEqual([2, 4, 1, 2, 3]);
    expect(asFrames.data).toEqual((await sampled([6], options)).data);
  });

  it("roll out as vectors do", async () => {
    const rolledOut = async (token: readonly number[]): Promise<readonly number[][]> => {
      const sampler = forcingOf(token).sampler({ backend: referenceBackend(), parameters, timesteps: 5 });
      const chunks = sampler.rollout({
        context: sequence(token),
        length: 5,
        window: 4,
        chunk: 2,
        seed: 2,
      });
      const result: number[][] = [];
      for await (const chunk of chunks) {
        expect(chunk.tokens.shape.slice(2)).toEqual(token);
        result.push(Array.from(chunk.tokens.data));
      }
      return result;
    };
    expect(await rolledOut(frames)).toEqual(await rolledOut([6]));
  });

  it("are refused in another shape", async () => {
    const sampler = forcingOf(frames).sampler({ backend: referenceBackend(), parameters, timesteps: 5 });
    const request = { tokens: sequence([6]), rows: [[1, 1, 1, 1]], seed: 0 };
    await expect(sampler.denoise(request)).rejects.toThrow(
      "denoise: got float32[2, 4, 6] for the tokens; expected float32[B, T, 1, 2, 3].",
    );
  });
});

function axesAfterBatch({ shape }: { readonly shape: readonly number[] }): number[] {
  return shape.map((_, axis) => axis).slice(1);
}
