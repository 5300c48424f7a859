import { describe, expect, it } from "vitest";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph, referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { queryOutputs, transformer } from "../models/index.js";
import { ctcGreedy } from "../sampling/ctc-decode.js";
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
  it("learns targets of several lengths in one pass", async () => {
    const { parameters } = await train(trainable, {
      backend: referenceBackend(),
      batches,
      steps: 250,
      optimizer: { learningRate: 1e-2 },
      emaDecay: 0.9,
    });
    const weights = Object.fromEntries(Object.keys(model.parameters).map((name) => [name, parameters[name]!]));
    const given = { ...weights, tokens };
    const { outputs } = evaluateGraph(
      trace(given, ({ tokens: context, ...values }) => ({ outputs: queryOutputs(model, values as never, context, 4) })),
      given,
    );
    const rows = (b: number) =>
      Array.from({ length: 4 }, (_, n) => outputs!.data.slice((b * 4 + n) * 3, (b * 4 + n) * 3 + 3));
    const right = targets.filter((target, b) => ctcGreedy(rows(b) as never).join() === target.join()).length;
    expect(right).toBe(8);
  });
});
