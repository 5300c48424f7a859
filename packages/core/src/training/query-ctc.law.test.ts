import { describe, expect, it } from "vitest";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph, referenceBackend } from "../engine/reference/index.js";
import { queryOutputs } from "../models/index.js";
import { ctcGreedy } from "../sampling/ctc-decode.js";
import { reversals, reverser, reverserTraining } from "../testing/fixtures/reversals.js";
import type { BatchSource } from "./batch.js";
import { train } from "./train.js";

const { tokens, targets } = reversals;
const batches: BatchSource = () => reversals;

describe("queryCtcTraining", () => {
  it("learns targets of several lengths in one pass", async () => {
    const { parameters } = await train(reverserTraining, {
      backend: referenceBackend(),
      batches,
      steps: 250,
      optimizer: { learningRate: 1e-2 },
      emaDecay: 0.9,
    });
    const weights = Object.fromEntries(Object.keys(reverser.parameters).map((name) => [name, parameters[name]!]));
    const given = { ...weights, tokens };
    const { outputs } = evaluateGraph(
      trace(given, ({ tokens: context, ...values }) => ({
        outputs: queryOutputs(reverser, values as never, context, 4),
      })),
      given,
    );
    const rows = (b: number) =>
      Array.from({ length: 4 }, (_, n) => outputs!.data.slice((b * 4 + n) * 3, (b * 4 + n) * 3 + 3));
    const right = targets.filter((target, b) => ctcGreedy(rows(b) as never).join() === target.join()).length;
    expect(right).toBe(8);
  });
});
