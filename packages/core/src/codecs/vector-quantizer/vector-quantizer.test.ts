import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../../engine/errors.js";
import { trace } from "../../engine/graph/trace.js";
import { createRandom, type RandomStream } from "../../engine/random/index.js";
import { evaluateGraph, referenceBackend } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { codeUsage } from "../../metrics/code-usage.js";
import { checkLaw } from "../../testing/law.js";
import type { Batch } from "../../training/batch.js";
import { train } from "../../training/train.js";
import { vectorQuantizerCodec } from "./codec.js";
import type { VectorQuantizerOptions } from "./config.js";
import { vectorQuantizer } from "./vector-quantizer.js";

describe("the loss", () => {
  // Every weight 0: the encoder says its last bias, the decoder its own, whatever the item.
  const quantizer = vectorQuantizer({
    features: 1,
    latentFeatures: 2,
    codes: 3,
    width: 2,
    layers: 1,
    commitment: 0.25,
    coverage: 0.1,
  });
  const values = (codebook: number[]) =>
    Object.fromEntries(
      Object.entries(quantizer.parameters).map(([name, { shape }]) => {
        const size = shape.reduce((a, b) => a * b, 1);
        if (name === "encoder.output.bias") return [name, tensor([1, 0], shape)];
        if (name === "decoder.output.bias") return [name, tensor([2], shape)];
        return [name, tensor(name === "codebook" ? codebook : new Array<number>(size).fill(0), shape)];
      }),
    );

  it("is reconstruction, codebook, commitment and coverage, a mean over items", () => {
    const inputs = { ...values([0, 0, 1.5, 0, 1, 1]), tokens: tensor([2, 1], [2, 1, 1]) };
    const graph = trace(inputs, (given) => ({ ...quantizer.loss(given, given) }));
    const { loss, total, denominator } = evaluateGraph(graph, inputs);
    // (0 + 1^2) / 2 / 2, then 0.25 and 0.25 * 0.25 for code 1 at (1.5, 0), then 0.1 (1 + 0.25 + 1) / 3.
    expect(loss?.data[0]).toBeCloseTo(0.25 + 0.25 + 0.0625 + 0.075, 6);
    expect((total?.data[0] as number) / (denominator?.data[0] as number)).toBeCloseTo(loss?.data[0] as number, 6);
  });

  it("looks up code vectors and says which code is nearest", () => {
    const inputs = {
      ...values([0, 0, 1.5, 0, 1, 1]),
      codes: tensor(Int32Array.of(2, 0), [2]),
      z: tensor([1, 0], [1, 2]),
    };
    const graph = trace(inputs, ({ codes, z, ...given }) => ({
      vectors: quantizer.lookUp(given, codes),
      nearness: quantizer.nearness(given, z),
    }));
    const { vectors, nearness } = evaluateGraph(graph, inputs);
    expect([...(vectors?.data ?? [])]).toEqual([1, 1, 0, 0]);
    // |z|^2 less the squared distances 1, 0.25 and 1.
    expect([...(nearness?.data ?? [])]).toEqual([0, 0.75, 0]);
  });
});

/** Four points with a little noise: a codebook of four codes suffices. */
const corners = (random: RandomStream, count: number) => {
  const data: number[] = [];
  for (let i = 0; i < count; i++) {
    const [x, y] = [random.integer(0, 2), random.integer(0, 2)];
    data.push(4 * x - 2 + 0.05 * random.normal(), 4 * y - 2 + 0.05 * random.normal());
  }
  return tensor(data, [1, count, 2]);
};
const small: VectorQuantizerOptions = { features: 2, latentFeatures: 2, codes: 8, width: 16, layers: 1 };
const options = (steps: number, seed = 3) => ({
  backend: referenceBackend(),
  batches: (_step: number, random: RandomStream): Batch => ({ tokens: corners(random, 32) }),
  steps,
  seed,
  optimizer: { learningRate: 1e-2 },
});

describe("training", () => {
  it("keeps codes in use, where the paper's loss alone leaves most of them", async ({ task }) => {
    const circle = (random: RandomStream, count: number) => {
      const phases = Array.from({ length: count }, () => 2 * Math.PI * random.uniform());
      return tensor(
        phases.flatMap((phase) => [2 * Math.cos(phase), 2 * Math.sin(phase)]),
        [1, count, 2],
      );
    };
    async function perplexity(coverage: number): Promise<number> {
      const quantizer = vectorQuantizer({ ...small, codes: 32, coverage });
      const batches = (_step: number, random: RandomStream): Batch => ({ tokens: circle(random, 64) });
      const { parameters } = await train(quantizer, { ...options(200), batches });
      const codec = vectorQuantizerCodec({ quantizer, parameters });
      return codeUsage(await codec.encodeCodes(circle(createRandom(9), 512)), codec.codes).perplexity;
    }
    checkLaw(task, {
      law: "A vector quantiser of 32 codes spreads them over a circle",
      statistic: "perplexity of the codes of 512 points, after 200 steps",
      found: await perplexity(0.1),
      within: [16, 32],
      broken: { "no pull of unused codes to the data": await perplexity(0) },
    });
  });

  it("tells four points apart, and its loss falls", async () => {
    const quantizer = vectorQuantizer(small);
    const { parameters, losses } = await train(quantizer, options(200));
    expect(losses.at(-1)).toBeLessThan(0.1);
    const codec = vectorQuantizerCodec({ quantizer, parameters });
    const points = tensor([-2, -2, -2, 2, 2, -2, 2, 2], [1, 4, 2]);
    expect(new Set((await codec.encodeCodes(points)).data).size).toBe(4);
    const back = await codec.decode(await codec.encode(points));
    back.data.forEach((x, i) => {
      expect(x).toBeCloseTo(points.data[i] as number, 0);
    });
  });

  it("goes on from no run with another commitment", async () => {
    const quantizer = vectorQuantizer(small);
    const { state } = await train(vectorQuantizer({ ...small, commitment: 1 }), options(1));
    await expect(train(quantizer, { ...options(2), resume: state })).rejects.toThrow("model.commitment 1");
  });

  it.each<[Partial<Batch>, string]>([
    [{ tokens: tensor([1, 2, 3], [1, 1, 3]) }, "the autoencoder takes float32[B, T, 2], the items"],
    [{ lossMask: tensor([1]) }, "The batch holds lossMask"],
    [{ tokens: tensor([1, Number.NaN], [1, 1, 2]) }, "hold NaN at element 1"],
  ])("refuses %j", async (wrong, message) => {
    const batches = (): Batch => ({ tokens: corners(createRandom(1), 4), ...wrong });
    await expect(train(vectorQuantizer(small), { ...options(1), batches })).rejects.toThrow(message);
  });
});

it.each<[Record<string, unknown>, string]>([
  [{ features: 0 }, "features is 0; expected a whole number from 1"],
  [{ codes: 1 }, "codes is 1; expected a whole number from 2 to 65536"],
  [{ commitment: -1 }, "commitment is -1"],
  [{ ema: 0.99 }, "there is no option ema"],
])("refuses %j", (wrong, message) => {
  let error: unknown;
  try {
    vectorQuantizer({ ...small, ...wrong } as VectorQuantizerOptions);
  } catch (thrown) {
    error = thrown;
  }
  expect(isDiffusionForcingError(error, "invalid-config")).toBe(true);
  expect(String(error)).toContain(message);
});
