import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../../engine/errors.js";
import { trace } from "../../engine/graph/trace.js";
import { createRandom } from "../../engine/random/index.js";
import { evaluateGraph, referenceBackend } from "../../engine/reference/index.js";
import { type HostTensor, tensor } from "../../engine/tensor/tensor.js";
import { drawTensor } from "../../testing/values.js";
import type { Batch } from "../../training/batch.js";
import { train } from "../../training/train.js";
import { type VariationalAutoencoder, variationalAutoencoder } from "./autoencoder.js";
import type { AutoencoderOptions } from "./config.js";

/** Every weight 0, so that outputs are the biases of the last layers: the loss can be told by hand. */
function lossOf(
  options: AutoencoderOptions,
  biases: { encoder: number[]; decoder: number[] },
  items: number[],
): number {
  const autoencoder = variationalAutoencoder(options);
  const parameters = Object.fromEntries(
    Object.entries(autoencoder.parameters).map(([name, { shape }]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const [part, layer] = name.split(".") as ["encoder" | "decoder", string];
      const values = layer === "output" && shape.length === 1 ? biases[part] : new Array<number>(size).fill(0);
      return [name, tensor(values, shape)];
    }),
  );
  const { features, latentFeatures } = autoencoder.config;
  const inputs = {
    ...parameters,
    tokens: tensor(items, [1, items.length / features, features]),
    noise: drawTensor({ dtype: "float32", shape: [1, items.length / features, latentFeatures], low: -1, high: 1 }, 1),
  };
  const graph = trace(inputs, (values) => ({ ...autoencoder.loss(values, values) }));
  const { loss, total, denominator } = evaluateGraph(graph, inputs);
  expect(total!.data[0]! / denominator!.data[0]!).toBeCloseTo(loss!.data[0]!, 5);
  return loss!.data[0]!;
}

describe("the loss", () => {
  it("is half the squared error plus the divergence from N(0, 1), a mean over items", () => {
    // Posterior N(0.5, e^-1): (0.25 + e^-1 - 1 + 1) / 2 = 0.3089397. Errors (1 - 3)^2 / 2 and (1 - 0)^2 / 2.
    const biases = { encoder: [0.5, -1], decoder: [1] };
    const options = { features: 1, latentFeatures: 1, width: 2, layers: 1 };
    expect(lossOf(options, biases, [3, 0])).toBeCloseTo(0.3089397 + (2 + 0.5) / 2, 5);
    expect(lossOf({ ...options, klWeight: 0.1 }, biases, [3, 0])).toBeCloseTo(0.03089397 + 1.25, 5);
  });

  it("is that of a token drawn from the posterior: the mean and a deviation e^(s / 2) times the noise", () => {
    const autoencoder = variationalAutoencoder({ features: 1, latentFeatures: 1, width: 2, layers: 1, klWeight: 0 });
    const given = Object.fromEntries(
      Object.entries(autoencoder.parameters).map(([name, { shape }], i) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const isEncoder = name.startsWith("encoder") && !name.endsWith("output.bias");
        return [
          name,
          tensor(
            Array.from({ length: size }, (_, j) => (isEncoder ? 0 : Math.sin(i + j + 1))),
            shape,
          ),
        ];
      }),
    );
    // Posterior N(.5, e^-2): .5 + e^-1 x 2.
    given["encoder.output.bias"] = tensor([0.5, -2]);
    const inputs = { ...given, tokens: tensor([3], [1, 1, 1]), noise: tensor([2], [1, 1, 1]) };
    const token = tensor([0.5 + 2 * Math.exp(-1)], [1, 1, 1]);
    const graph = trace({ ...inputs, token }, ({ token, ...values }) => ({
      loss: autoencoder.loss(values, values).loss,
      decoded: autoencoder.decode(values, token),
    }));
    const { loss, decoded } = evaluateGraph(graph, { ...inputs, token });
    expect(loss!.data[0]).toBeCloseTo((decoded!.data[0]! - 3) ** 2 / 2, 5);
  });

  it("is the cross-entropy of symbols", () => {
    // Logits (1, 0, -1): -log softmax is 0.4076059, 1.4076059, 2.4076059. Symbols 0 and 2 of the only item.
    const options = { features: 6, latentFeatures: 1, width: 2, layers: 1, klWeight: 0 };
    const categorical = { ...options, reconstruction: { kind: "categorical", categories: 3 } } as const;
    const biases = { encoder: [0, 0], decoder: [1, 0, -1, 1, 0, -1] };
    expect(lossOf(categorical, biases, [1, -1, -1, -1, -1, 1])).toBeCloseTo(0.4076059 + 2.4076059, 5);
    // Large logits overflow nothing.
    const sure = { encoder: [0, 0], decoder: [300, 0, 0, 0, 0, 300] };
    expect(lossOf(categorical, sure, [1, -1, -1, -1, -1, 1])).toBeCloseTo(0, 5);
  });
});

/** A point on a circle in 6 dimensions. */
const circle: (random: ReturnType<typeof createRandom>, count: number) => HostTensor = (random, count) => {
  const data = Array.from({ length: count }, () => {
    const phase = 2 * Math.PI * random.uniform();
    return [0, 1, 2, 3, 4, 5].map((k) => 2 * Math.cos(phase + k));
  });
  return tensor(data.flat(), [1, count, 6]);
};
const small: AutoencoderOptions = { features: 6, latentFeatures: 2, width: 16, layers: 1, klWeight: 0.02 };
const options = (steps: number) => ({
  backend: referenceBackend(),
  batches: (_step: number, random: ReturnType<typeof createRandom>): Batch => ({ tokens: circle(random, 16) }),
  steps,
  seed: 3,
  optimizer: { learningRate: 1e-2 },
});

describe("training", () => {
  it("is that of any model: the loss falls", async () => {
    const { losses } = await train(variationalAutoencoder(small), options(120));
    expect(losses[0]).toBeGreaterThan(5);
    expect(losses.at(-1)).toBeLessThan(0.5);
  });

  it("in parts is that of the whole batch, to rounding", async () => {
    const tokens = circle(createRandom(1), 4);
    const batches = (): Batch => ({ tokens: tensor(tokens.data as Float32Array, [4, 1, 6]) });
    const runs = await Promise.all(
      [1, 4].map((accumulate) => train(variationalAutoencoder(small), { ...options(3), batches, accumulate })),
    );
    runs[0]!.losses.forEach((loss, i) => {
      expect(runs[1]!.losses[i]).toBeCloseTo(loss, 5);
    });
  });

  it.each<[Partial<Batch>, string]>([
    [{ tokens: tensor([1, 2], [1, 1, 2]) }, "the autoencoder takes float32[B, T, 6], the items"],
    [{ lossMask: tensor([1]) }, "The batch holds lossMask; an autoencoder is trained on tokens alone"],
    [{ tokens: tensor([1, 2, Number.NaN, 0, 0, 0], [1, 1, 6]) }, "hold NaN at element 2"],
  ])("refuses %j", async (wrong, message) => {
    const batches = (): Batch => ({ tokens: circle(createRandom(1), 4), ...wrong });
    await expect(train(variationalAutoencoder(small), { ...options(1), batches })).rejects.toThrow(message);
  });

  it("refuses a loss besides its own, and a state of another autoencoder", async () => {
    const autoencoder = variationalAutoencoder(small);
    await expect(train(autoencoder, { ...options(1), loss: {} })).rejects.toThrow(
      "a variational-autoencoder has a loss of its own",
    );
    const { state } = await train(autoencoder, options(1));
    const other: VariationalAutoencoder = variationalAutoencoder({ ...small, klWeight: 1 });
    await expect(train(other, { ...options(2), resume: state })).rejects.toThrow("model.klWeight 0.02");
  });
});

it.each<[Record<string, unknown>, string]>([
  [{ features: 0 }, "features is 0; expected a whole number from 1"],
  [{ klWeight: -1 }, "klWeight is -1"],
  [{ reconstruction: { kind: "magic" } }, "reconstruction"],
  [
    { reconstruction: { kind: "categorical", categories: 4 } },
    "features is 6; expected a multiple of the 4 categories",
  ],
  [{ dropout: 1 }, "there is no option dropout"],
  [{ features: 2 ** 20, width: 65_536 }, "expected at most 2147483648"],
])("refuses %j", (wrong, message) => {
  let error: unknown;
  try {
    variationalAutoencoder({ ...small, ...wrong } as AutoencoderOptions);
  } catch (thrown) {
    error = thrown;
  }
  expect(isDiffusionForcingError(error, "invalid-config")).toBe(true);
  expect(String(error)).toContain(message);
});
