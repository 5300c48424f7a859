import { describe, expect, it } from "vitest";
import { selfLabels } from "../diffusion/self-labels.js";
import { gradient } from "../engine/autodiff/index.js";
import { add, mean, mul, neg, square, stopGradient, sum } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import type { Value } from "../engine/graph/value.js";
import { createRandom } from "../engine/random/index.js";
import { evaluateGraph, referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { logSoftmax } from "../models/cp-head.js";
import { initializeParameters, transformer } from "../models/index.js";
import { classifierFreeGuidance } from "../sampling/guidance/score-combination.js";
import { selfLabeler } from "../sampling/guidance/self-labels.js";
import { familyDiffusion as diffusion, familiesOf } from "../testing/fixtures/families.js";
import type { Batch, BatchSource } from "./batch.js";
import { selfLabelTraining, withoutPrototypes } from "./self-labels.js";
import { sinkhorn } from "./sinkhorn.js";
import { train } from "./train.js";

const backend = referenceBackend();
const labels = selfLabels({ diffusion, feature: "layers.0", prototypes: 4 });

const batches: BatchSource = (_step, random) => ({ tokens: familiesOf(16, random).tokens });

describe("selfLabelTraining", () => {
  it("teaches the head from features as they are: no slope of the labels' loss reaches the model", () => {
    const parameters = initializeParameters({ ...diffusion.model, parameters: labels.parameters }, createRandom(1));
    const slopes = (weight: number) => {
      const trainable = selfLabelTraining({ labels, weight });
      const batch = batches(1, createRandom(2)) as Batch;
      const given = { ...parameters, ...trainable.inputs(batch, createRandom(3)) };
      const graph = trace(given, (values) => {
        const names = Object.keys(parameters);
        const found = gradient(
          trainable.loss(values, values).loss,
          names.map((name) => (values as Readonly<Record<string, Value>>)[name]!),
        );
        const norm = (own: boolean) =>
          names
            .flatMap((name, i) => (name.startsWith("prototypes.") === own ? [sum(square(found[i]!))] : []))
            .reduce((total, part) => add(total, part));
        return { model: norm(false), head: norm(true) };
      });
      const { model, head } = evaluateGraph(graph, given);
      return { model: model!.data[0]!, head: head!.data[0]! };
    };
    const [light, heavy] = [slopes(1), slopes(100)];
    expect(heavy.model).toBeCloseTo(light.model, 8);
    expect(heavy.head).toBeGreaterThan(1000 * light.head);
  });

  it("adds the cross-entropy of log softmax(scores / temperature) to assignments that have no slope", () => {
    const parameters = initializeParameters({ ...diffusion.model, parameters: labels.parameters }, createRandom(1));
    const [name] = Object.keys(parameters).filter((key) => key.startsWith("prototypes.")) as [string];
    const batch = batches(1, createRandom(2)) as Batch;
    const found = (weight: number) => {
      const trainable = selfLabelTraining({ labels, weight, temperature: 0.5 });
      const given = { ...parameters, ...trainable.inputs(batch, createRandom(3)) };
      const graph = trace<string>(given, (values) => {
        const { loss, total, denominator } = trainable.loss(values, values);
        const scores = labels.scores(values, values.tokens!, values.look!);
        const wanted = stopGradient(sinkhorn(scores));
        const own = mean(neg(sum(mul(wanted, logSoftmax(mul(scores, 2))), 1)));
        const [slope, ownSlope] = [loss, own].map((value) => gradient(value, [values[name]!])[0]!);
        return { loss, total, denominator, own, slope: slope!, ownSlope: ownSlope! };
      });
      return evaluateGraph(graph, given);
    };
    const [light, heavy] = [found(1), found(3)];
    expect((heavy.loss!.data[0]! - light.loss!.data[0]!) / 2).toBeCloseTo(light.own!.data[0]!, 3);
    expect(light.total!.data[0]! / light.denominator!.data[0]!).toBeCloseTo(light.loss!.data[0]!, 4);
    const [slope, ownSlope] = [light.slope, light.ownSlope].map((value) => [...value!.data]);
    expect(slope).toEqual(ownSlope!.map((value) => expect.closeTo(value, 4)));
  });

  it("balances assignments as it is told to", () => {
    const parameters = initializeParameters({ ...diffusion.model, parameters: labels.parameters }, createRandom(1));
    const batch = batches(1, createRandom(2)) as Batch;
    const found = (options: { epsilon?: number; iterations?: number }) => {
      const trainable = selfLabelTraining({ labels, ...options });
      const given = { ...parameters, ...trainable.inputs(batch, createRandom(3)) };
      const graph = trace<string>(given, (values) => {
        const scores = labels.scores(values, values.tokens!, values.look!);
        const own = mean(neg(sum(mul(sinkhorn(scores, options), logSoftmax(mul(scores, 10))), 1)));
        return { loss: trainable.loss(values, values).loss, own };
      });
      const { loss, own } = evaluateGraph(graph, given);
      return { loss: loss!.data[0]!, own: own!.data[0]! };
    };
    const plain = found({});
    for (const options of [{ epsilon: 1 }, { iterations: 1 }]) {
      const other = found(options);
      expect(Math.abs(other.own - plain.own)).toBeGreaterThan(1e-3);
      expect(other.loss - plain.loss).toBeCloseTo(other.own - plain.own, 4);
    }
  });

  it("looks through noise of the process, from a stream of its own", () => {
    const process = { ...diffusion.process, noiseClip: 0.5 };
    const clipped = { ...labels, diffusion: { ...diffusion, process } };
    const { look, tokens } = selfLabelTraining({ labels: clipped }).inputs(
      batches(1, createRandom(2)) as Batch,
      createRandom(3),
    );
    const expected = new Float32Array(32);
    createRandom(3).split("look").fillNormal(expected, { clip: 0.5 });
    expect([look!.shape, [...look!.data]]).toEqual([tokens.shape, [...expected]]);
    expect(Math.max(...expected)).toBe(0.5);
  });

  it("is a run of its labels and its options, each with its default", () => {
    expect(selfLabelTraining({ labels }).config).toEqual({
      kind: "self-labels",
      ...{ feature: "layers.0", level: labels.level, per: labels.per, prototypes: 4 },
      ...{ weight: 1, temperature: 0.1, epsilon: 0.05, iterations: 3 },
      model: diffusion.model.config,
    });
    const w = tensor([1]);
    expect(withoutPrototypes({ w, "prototypes.w": w, "w.prototypes.": w })).toEqual({ w, "w.prototypes.": w });
  });

  it("goes on from no run with another temperature", async () => {
    const options = { backend, batches, seed: 3 };
    const { state } = await train(selfLabelTraining({ labels }), { ...options, steps: 1 });
    const other = selfLabelTraining({ labels, temperature: 0.2 });
    await expect(train(other, { ...options, steps: 2, resume: state })).rejects.toThrow(
      /model\.temperature 0\.1, the run has 0\.2/,
    );
  });

  it("is followed by a training and sampling with prototypes as the condition", async () => {
    const { parameters } = await train(selfLabelTraining({ labels }), { backend, batches, steps: 2 });
    const labeler = selfLabeler({ backend, labels, parameters });
    const second = await diffusion.train({
      backend,
      batches: async (_step, random) => {
        const { tokens } = familiesOf(4, random);
        return { tokens, condition: labeler.condition(await labeler.label(tokens, random), 2) };
      },
      parameters: withoutPrototypes(parameters),
      steps: 2,
    });
    const scores = classifierFreeGuidance({ scale: 1.4 });
    const sampler = diffusion.sampler({ backend, parameters: second.parameters, timesteps: 4, scores });
    const condition = labeler.condition(tensor(Int32Array.of(0, 3), [2]), 2);
    const { shape, data } = await sampler.sample({ batch: 2, length: 2, condition, seed: 1 });
    expect([shape, data.every(Number.isFinite)]).toEqual([[2, 2, 1], true]);
  });

  it("labels tokens one by one where it is asked to", async () => {
    const each = selfLabels({ diffusion, feature: "layers.1", prototypes: 3, per: "token", level: 0 });
    const { parameters } = await train(selfLabelTraining({ labels: each }), { backend, batches, steps: 1 });
    const labeler = selfLabeler({ backend, labels: each, parameters });
    const found = await labeler.label(tensor([1, -1, 1, 1], [2, 2, 1]), 1);
    expect([found.dtype, found.shape]).toEqual(["int32", [2, 2]]);
    const { shape, data } = labeler.condition(tensor(Int32Array.of(0, 1, 1, 2), [2, 2]));
    expect(shape).toEqual([2, 2, 4]);
    const rows = each.head.prototypesOf({ prototypes: parameters["prototypes.prototypes"]! });
    expect(Array.from(data)).toEqual([0, 1, 1, 2].flatMap((label) => Array.from(rows[label]!)));
  });

  it("refuses what it cannot follow, by name", async () => {
    expect(() => selfLabels({ diffusion, feature: "middle", prototypes: 4 })).toThrow(
      /no feature "middle"; expected layers\.0, layers\.1/,
    );
    expect(() => selfLabels({ diffusion, feature: "layers.0", prototypes: 4, level: 21 })).toThrow(
      /level is 21; expected 0 to 20/,
    );
    const bare = { ...diffusion, model: transformer({ features: 1, width: 8, layers: 2, heads: 1 }) };
    expect(() => selfLabels({ diffusion: bare, feature: "layers.0", prototypes: 4 })).toThrow(
      /0 condition features; expected at least 2/,
    );
    const { tokens } = familiesOf(1, createRandom(1));
    const conditioned = () => ({ tokens, condition: tensor(new Float32Array(8), [1, 2, 4]) });
    const trainable = selfLabelTraining({ labels });
    await expect(train(trainable, { backend, batches: conditioned, steps: 1 })).rejects.toThrow(/has a condition/);
    expect(() => trainable.checkBatch(null as never)).toThrow("The batch is null; expected an object with tokens");
    const parameters = initializeParameters({ ...diffusion.model, parameters: labels.parameters }, createRandom(1));
    expect(() => selfLabeler({ backend, labels, parameters: withoutPrototypes(parameters) })).toThrow(
      /"prototypes\.hidden\.weight"/,
    );
    const labeler = selfLabeler({ backend, labels, parameters });
    await expect(labeler.label(tensor([1, 2], [1, 1, 2]), 1)).rejects.toThrow(/float32\[1, 1, 2\]/);
    expect(() => labeler.condition(tensor(Int32Array.of(4), [1]), 2)).toThrow(/no label 4; expected 0 to 3/);
    expect(() => labeler.condition(tensor(Int32Array.of(1), [1]))).toThrow(/need the length/);
  });
});
