import { describe, expect, it } from "vitest";
import { trace } from "../engine/graph/trace.js";
import { createRandom } from "../engine/random/index.js";
import { evaluateGraph, referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { initializeParameters, transformer } from "../models/index.js";
import type { BatchSource } from "./batch.js";
import { queryCtcTraining } from "./query-ctc.js";
import { train } from "./train.js";

// Sequences of three of two symbols, read backwards, repeats joined: targets of one to three symbols.
const model = transformer({ features: 2, outputs: 3, width: 16, layers: 1, heads: 2, causal: false });
const trainable = queryCtcTraining({ model, categories: 2, queries: 4 });
const all = Array.from({ length: 8 }, (_, i) => [i % 2, Math.floor(i / 2) % 2, Math.floor(i / 4)]);
const targets = all.map((symbols) => [...symbols].reverse().filter((symbol, i, list) => symbol !== list[i - 1]));
const tokens = tensor(
  all.flatMap((symbols) => symbols.flatMap((symbol) => [symbol === 0 ? 1 : -1, symbol === 1 ? 1 : -1])),
  [8, 3, 2],
);
const batches: BatchSource = () => ({ tokens, targets });

describe("queryCtcTraining", () => {
  it("is the alignments' surprise of all targets, a mean over sequences", () => {
    const inputs = {
      ...initializeParameters(model, createRandom(1)),
      ...trainable.inputs({ tokens, targets }, createRandom(2)),
    };
    const { loss, total, denominator } = evaluateGraph(
      trace(inputs, (values) => ({ ...trainable.loss(values, values) })),
      inputs,
    );
    expect(denominator!.data[0]).toBe(8);
    expect(loss!.data[0]).toBeCloseTo(total!.data[0]! / 8, 5);
  });

  it("resumes bit for bit, and refuses batches that it cannot be trained on", async () => {
    const options = { backend: referenceBackend(), batches, seed: 2 };
    const whole = await train(trainable, { ...options, steps: 4 });
    const half = await train(trainable, { ...options, steps: 2 });
    expect((await train(trainable, { ...options, steps: 4, resume: half.state })).parameters).toEqual(whole.parameters);
    const trained = (batch: object) =>
      train(trainable, { ...options, batches: () => ({ tokens, ...batch }), steps: 1 });
    await expect(trained({})).rejects.toThrow(/0 targets for 8 sequences/);
    await expect(trained({ targets: null as never })).rejects.toThrow(/null targets for 8 sequences/);
    await expect(trained({ targets: all.map(() => [0, 0, 0]) })).rejects.toThrow(/needs 5 queries; there are 4/);
    const none = train(trainable, { ...options, batches: () => null as never, steps: 1 });
    await expect(none).rejects.toThrow("The batch is null; expected an object with tokens");
    expect(() => queryCtcTraining({ model, categories: 5, queries: 4 })).toThrow(
      /gives \[3\] for a token; expected outputs: 6/,
    );
    const bare = transformer({ features: 2, width: 8, layers: 1, heads: 2, causal: false });
    expect(() => queryCtcTraining({ model: bare, categories: 5, queries: 4 })).toThrow(/gives \[2\] for a token/);
    const conditioned = { ...model, conditionFeatures: 1 };
    expect(() => queryCtcTraining({ model: conditioned, categories: 2, queries: 4 })).toThrow(/and no condition/);
    expect(queryCtcTraining({ model: bare, categories: 1, queries: 1 }).config).toEqual({
      kind: "query-ctc",
      categories: 1,
      queries: 1,
      model: bare.config,
    });
  });
});
