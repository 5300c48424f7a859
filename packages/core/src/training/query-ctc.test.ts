import { describe, expect, it } from "vitest";
import { trace } from "../engine/graph/trace.js";
import { createRandom } from "../engine/random/index.js";
import { evaluateGraph, referenceBackend } from "../engine/reference/index.js";
import { initializeParameters, transformer } from "../models/index.js";
import { reversals, reverser, reverserTraining } from "../testing/fixtures/reversals.js";
import type { BatchSource } from "./batch.js";
import { queryCtcTraining } from "./query-ctc.js";
import { train } from "./train.js";

const { tokens, targets } = reversals;
const batches: BatchSource = () => reversals;

describe("queryCtcTraining", () => {
  it("is the alignments' surprise of all targets, a mean over sequences", () => {
    const inputs = {
      ...initializeParameters(reverser, createRandom(1)),
      ...reverserTraining.inputs({ tokens, targets }, createRandom(2)),
    };
    const { loss, total, denominator } = evaluateGraph(
      trace(inputs, (values) => ({ ...reverserTraining.loss(values, values) })),
      inputs,
    );
    expect(denominator!.data[0]).toBe(8);
    expect(loss!.data[0]).toBeCloseTo(total!.data[0]! / 8, 5);
  });

  it("refuses batches that it cannot be trained on", async () => {
    const options = { backend: referenceBackend(), batches, seed: 2 };
    const trained = (batch: object) =>
      train(reverserTraining, { ...options, batches: () => ({ tokens, ...batch }), steps: 1 });
    await expect(trained({})).rejects.toThrow(/0 targets for 8 sequences/);
    await expect(trained({ targets: null as never })).rejects.toThrow(/null targets for 8 sequences/);
    await expect(trained({ targets: targets.map(() => [0, 0, 0]) })).rejects.toThrow(/needs 5 queries; there are 4/);
    const none = train(reverserTraining, { ...options, batches: () => null as never, steps: 1 });
    await expect(none).rejects.toThrow("The batch is null; expected an object with tokens");
    expect(() => queryCtcTraining({ model: reverser, categories: 5, queries: 4 })).toThrow(
      /gives \[3\] for a token; expected outputs: 6/,
    );
    const bare = transformer({ features: 2, width: 8, layers: 1, heads: 2, causal: false });
    expect(() => queryCtcTraining({ model: bare, categories: 5, queries: 4 })).toThrow(/gives \[2\] for a token/);
    const frames = { ...reverser, outputShape: [3, 1] };
    expect(() => queryCtcTraining({ model: frames, categories: 2, queries: 4 })).toThrow(/gives \[3, 1\] for a token/);
    const conditioned = { ...reverser, conditionFeatures: 1 };
    expect(() => queryCtcTraining({ model: conditioned, categories: 2, queries: 4 })).toThrow(/and no condition/);
    expect(queryCtcTraining({ model: bare, categories: 1, queries: 1 }).config).toEqual({
      kind: "query-ctc",
      categories: 1,
      queries: 1,
      model: bare.config,
    });
  });
});
