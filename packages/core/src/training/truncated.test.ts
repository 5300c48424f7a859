import { describe, expect, it } from "vitest";
import { gradient } from "../engine/autodiff/index.js";
import { add, cast, mul, reshape, square, sum } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { createRandom } from "../engine/random/index.js";
import { evaluateGraph, evaluateInDoubles } from "../engine/reference/index.js";
import { type HostTensor, tensor, zeros } from "../engine/tensor/tensor.js";
import { initializeParameters, type Model, type Parameters, transformer } from "../models/index.js";
import { linearSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { perceptron, twoPoints } from "../testing/fixtures/perceptron.js";
import { truncatedTraining, withoutDiscriminator } from "./truncated.js";

const process = variancePreserving(linearSchedule(1000));
const small = { features: 1, width: 8, layers: 1, heads: 1, causal: false } as const;

const diffusion = { model: perceptron(16), process, lossWeighting: process.lossWeighting };
const discriminator = perceptron(16);
const trainable = truncatedTraining({ diffusion, level: 100, discriminator, adversarialWeight: 5 });
const batches = twoPoints(128, 0.5);

describe("second derivatives", () => {
  it("of a transformer's slope by its weights are those of finite differences", () => {
    const model = transformer(small);
    const parameters = initializeParameters(model, createRandom(3));
    const x = tensor([0.3, -0.8, 0.5], [1, 3, 1]);
    const noiseLevels = tensor(Int32Array.of(5, 5, 5), [1, 3]);
    const name = "layers.0.attention.query.weight";
    const inputs = { ...parameters, x, noiseLevels };
    const graph = trace(inputs, (values) => {
      const output = model.apply(values, { tokens: values.x, noiseLevels: values.noiseLevels, levelCount: 10 });
      const penalty = sum(square(gradient(sum(square(output)), [values.x])[0]!));
      return { penalty, slope: gradient(penalty, [(values as unknown as Parameters)[name]!])[0]! };
    });
    const at = (delta: number, index: number) => {
      const moved = parameters[name]!.data.slice();
      moved[index]! += delta;
      const given = { ...inputs, [name]: tensor(moved, parameters[name]!.shape) };
      return evaluateInDoubles(graph, given);
    };
    const { slope } = at(0, 0);
    for (const index of [0, 9, 37]) {
      const [up, down] = [at(1e-3, index).penalty!.data[0]!, at(-1e-3, index).penalty!.data[0]!];
      expect(slope!.data[index]! * 1e4).toBeCloseTo(((up - down) / 2e-3) * 1e4, 1);
    }
  });
});

describe("truncatedTraining", () => {
  it("moves the generator by its own loss only, and the discriminator by its own", () => {
    const parameters = initializeParameters({ ...diffusion.model, parameters: trainable.parameters }, createRandom(1));
    const inputs = trainable.inputs(batches(1, createRandom(2)) as { tokens: HostTensor }, createRandom(3));
    const slopesOf = (r1: number, weight: number) => {
      const of = truncatedTraining({ diffusion, level: 100, discriminator, r1, adversarialWeight: weight });
      const given = { ...parameters, ...inputs };
      const graph = trace(given, (values) => {
        const names = Object.keys(parameters);
        const slopes = gradient(
          of.loss(values, values).loss,
          names.map((name) => values[name]!),
        );
        const norm = (own: boolean) =>
          names
            .map((name, i) => [name, slopes[i]!] as const)
            .filter(([name]) => name.startsWith("discriminator.") === own)
            .map(([, slope]) => sum(square(slope)))
            .reduce((total, part) => add(total, part));
        return { model: norm(false), critic: norm(true) };
      });
      const { model, critic } = evaluateGraph(graph, given);
      return { model: model!.data[0]!, critic: critic!.data[0]! };
    };
    const [plain, penalised] = [slopesOf(0, 1), slopesOf(10, 1)];
    expect(penalised.model).toBeCloseTo(plain.model, 6);
    expect(Math.abs(penalised.critic - plain.critic)).toBeGreaterThan(1e-6);
  });

  it("adds the losses of generator and discriminator, and half of r1 times the squared slope, a mean over samples", () => {
    const factor = (): Pick<Model, "parameters" | "apply" | "tokenShape" | "conditionFeatures" | "config"> => ({
      config: { kind: "factor" },
      tokenShape: [1],
      conditionFeatures: 0,
      parameters: { w: { shape: [1], initializer: { kind: "ones" } } },
      apply: ({ w }, { tokens }) => mul(tokens, w!),
    });
    const process = variancePreserving(linearSchedule(1000));
    const own = { model: factor(), process, lossWeighting: process.lossWeighting };
    const inputs = {
      w: tensor([1]),
      "discriminator.w": tensor([0.5]),
      tokens: tensor([1, 3], [2, 1, 1]),
      noise: tensor([0, 0], [2, 1, 1]),
      noiseLevels: tensor(Int32Array.of(5, 5), [2, 1]),
      latent: tensor([1, -2], [2, 1, 1]),
      trueNoise: tensor([0.5, 0], [2, 1, 1]),
    };
    const lossOf = (adversarialWeight: number, r1: number): number => {
      const of = truncatedTraining({ diffusion: own, level: 100, discriminator: factor(), r1, adversarialWeight });
      const graph = trace(inputs, (values) => ({ ...of.loss(values, values) }));
      const { loss, total, denominator } = evaluateGraph(graph, inputs);
      expect(total!.data[0]! / denominator!.data[0]!).toBeCloseTo(loss!.data[0]!, 5);
      return loss!.data[0]!;
    };
    // The generator moves 1 and -2 by as much again: logits .5 x 2 and .5 x -4. True tokens have .5 (alpha x + sigma eps).
    const [alpha, sigma] = [process.path!.signal[100]!, process.path!.noise[100]!];
    const softplus = (x: number): number => Math.log(1 + Math.exp(x));
    const made = [1, -2];
    const truth = [0.5 * (alpha + 0.5 * sigma), 0.5 * 3 * alpha];
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const adversarial =
      mean(made.map((x) => softplus(-x))) + mean(truth.map((x) => softplus(-x))) + mean(made.map(softplus));
    expect((lossOf(3, 0) - lossOf(1, 0)) / 2).toBeCloseTo(adversarial, 4);
    // The slope is .5 at both: half of 8 times .25.
    expect(lossOf(1, 8) - lossOf(1, 0)).toBeCloseTo(1, 4);
    const slopesOf = (adversarialWeight: number): number[] => {
      const of = truncatedTraining({ diffusion: own, level: 100, discriminator: factor(), r1: 0, adversarialWeight });
      const graph = trace(inputs, (values) => {
        const [model, critic] = gradient(of.loss(values, values).loss, [values.w, values["discriminator.w"]]);
        return { model: model!, critic: critic! };
      });
      const { model, critic } = evaluateGraph(graph, inputs);
      return [model!.data[0]!, critic!.data[0]!];
    };
    const [once, thrice] = [slopesOf(1), slopesOf(3)];
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
    // The generator's by its own loss alone: tokens 2 and -4 move by the latents 1 and -2, at the factor .5.
    expect((thrice[0]! - once[0]!) / 2).toBeCloseTo(mean(made.map((x) => -0.5 * x * sigmoid(-x))), 4);
    // The discriminator's without the generator's loss: tokens of its logits over .5.
    const judged = mean(truth.map((x) => -2 * x * sigmoid(-x))) + mean(made.map((x) => 2 * x * sigmoid(x)));
    expect((thrice[1]! - once[1]!) / 2).toBeCloseTo(judged, 4);
  });

  it("judges each token at its own level, those beyond the list at its last", () => {
    const seen: unknown[] = [];
    const judge: Model = {
      ...discriminator,
      parameters: { w: { shape: [1], initializer: { kind: "ones" } } },
      apply: ({ w }, { tokens, noiseLevels, levelCount }) => {
        seen.push([noiseLevels.shape, levelCount]);
        return mul(mul(tokens, w!), reshape(cast(noiseLevels, "float32"), tokens.shape));
      },
    };
    const zero: Model = { ...judge, apply: ({ w }, { tokens }) => mul(mul(tokens, w!), 0) };
    const own = { model: zero, process, lossWeighting: process.lossWeighting };
    const of = truncatedTraining({ diffusion: own, level: [3, 2], discriminator: judge, r1: 0 });
    const inputs = {
      w: tensor([1]),
      "discriminator.w": tensor([1]),
      tokens: tensor([0, 0, 0], [1, 3, 1]),
      noise: tensor([0, 0, 0], [1, 3, 1]),
      noiseLevels: tensor(Int32Array.of(1, 1, 1), [1, 3]),
      latent: tensor([1, 1, 1], [1, 3, 1]),
      trueNoise: tensor([1, 1, 1], [1, 3, 1]),
    };
    const graph = trace(inputs, (values) => ({ loss: of.loss(values, values).loss }));
    const found = evaluateGraph(graph, inputs).loss!.data[0]!;
    expect(new Set(seen.map((one) => JSON.stringify(one)))).toEqual(new Set(["[[1,3],1000]"]));
    // What is made is the latent, judged 3, 2 and 2; true tokens are pure noise of each level's own size.
    const sigma = process.path!.noise;
    const truth = (3 * sigma[3]! + 2 * sigma[2]! + 2 * sigma[2]!) / 3;
    const softplus = (x: number): number => Math.log(1 + Math.exp(x));
    const without = truncatedTraining({
      diffusion: own,
      level: [3, 2],
      discriminator: judge,
      r1: 0,
      adversarialWeight: 2,
    });
    const doubled = evaluateGraph(
      trace(inputs, (values) => ({ loss: without.loss(values, values).loss })),
      inputs,
    ).loss!.data[0]!;
    expect(doubled - found).toBeCloseTo(softplus(-7 / 3) + softplus(-truth) + softplus(7 / 3), 4);
  });

  it("draws levels up to the highest of its own, and noise that the process limits", () => {
    const clipped = { ...diffusion, process: { ...process, noiseClip: 0.5 } };
    const of = truncatedTraining({ diffusion: clipped, level: [3, 7, 5], discriminator });
    const { noiseLevels, latent, trueNoise } = of.inputs({ tokens: zeros("float32", [50, 20, 1]) }, createRandom(4));
    expect([Math.min(...noiseLevels!.data), Math.max(...noiseLevels!.data)]).toEqual([1, 7]);
    for (const [label, { data }] of Object.entries({ latent: latent!, true: trueNoise! })) {
      const expected = new Float32Array(1000);
      createRandom(4).split(label).fillNormal(expected, { clip: 0.5 });
      expect([...data]).toEqual([...expected]);
    }
    const given = { tokens: zeros("float32", [1, 1, 1]), noiseLevels: tensor(Int32Array.of(9), [1, 1]) };
    expect(of.inputs(given, createRandom(4)).noiseLevels).toBe(given.noiseLevels);
  });

  it("is a run of its level, its weights and both models", () => {
    const { config, parameters } = truncatedTraining({ diffusion, level: [3, 7], discriminator });
    expect(config).toEqual({
      kind: "truncated",
      level: [3, 7],
      adversarialWeight: 1,
      r1: 0.01,
      model: { kind: "perceptron" },
      discriminator: { kind: "perceptron" },
    });
    const names = ["a", "b", "c", "d"];
    expect(Object.keys(parameters)).toEqual([...names, ...names.map((name) => `discriminator.${name}`)]);
    const a = tensor([1]);
    expect(withoutDiscriminator({ a, "discriminator.a": a })).toEqual({ a });
  });

  it("draws levels up to its own, and three noises", () => {
    const { noiseLevels, noise, latent, trueNoise } = trainable.inputs(
      { tokens: zeros("float32", [50, 20, 1]) },
      createRandom(4),
    );
    expect([Math.min(...noiseLevels!.data), Math.max(...noiseLevels!.data)]).toEqual([1, 100]);
    const firsts = [noise, latent, trueNoise].map((value) => value!.data[0]);
    expect(new Set(firsts).size).toBe(3);
  });

  it("refuses levels of pure noise and judges of other tokens", () => {
    expect(() => truncatedTraining({ diffusion, level: 1000, discriminator })).toThrow(
      /level is 1000; expected one from 1 to 999/,
    );
    expect(() => truncatedTraining({ diffusion, level: [5, 1000, 7], discriminator })).toThrow(/level is 1000/);
    expect(() => truncatedTraining({ diffusion, level: 999, discriminator })).not.toThrow();
    for (const level of [0, [], [5, 0], 1.5]) {
      expect(() => truncatedTraining({ diffusion, level, discriminator })).toThrow(/truncatedTraining: level/);
    }
    const told = { ...discriminator, conditionFeatures: 3 };
    expect(() => truncatedTraining({ diffusion, level: 100, discriminator: told })).toThrow(
      /and 3 condition features; expected \[1\] and none/,
    );
    const wide = { ...diffusion, model: transformer({ ...small, outputs: 2 }) };
    expect(() => truncatedTraining({ diffusion: wide, level: 100, discriminator })).toThrow(
      "the model gives [2] for a token [1]; expected as many numbers",
    );
    const other = transformer({ ...small, features: 2 });
    expect(() => truncatedTraining({ diffusion, level: 100, discriminator: other })).toThrow(
      /takes tokens \[2\].*expected \[1\]/,
    );
  });
});
