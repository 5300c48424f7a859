import { createRandom, initializeParameters } from "@diffusion-forcing/core";
import { vectorQuantizer, vectorQuantizerCodec } from "@diffusion-forcing/core/bundle";
import { SumCounts } from "@diffusion-forcing/core/sampling";
import { expect, it } from "vitest";
import { encodeCounts, separatorOf } from "./record.js";

const quantizer = vectorQuantizer({ features: 3, latentFeatures: 2, codes: 40, width: 4, layers: 1 });
const codec = vectorQuantizerCodec({ quantizer, parameters: initializeParameters(quantizer, createRandom(1)) });
const counts = new SumCounts(40);
counts.add([1, 1, 39], [2, 2, 38], [3, 3, 37]);
const task = { kind: "separation", world: "waves", tokens: 48, counts: encodeCounts(counts) };
const opened = (changed: object) => separatorOf({ task: { ...task, ...changed }, codec } as never);

it("keeps counted sums as text", () => {
  expect(task.counts).toBe("1 2 3 2;13 12 11 1");
  expect(opened({}).counts.entries()).toEqual(counts.entries());
});

it("refuses models of other tasks, counts of other codes, and what is no text of counts", () => {
  expect(() => opened({ kind: "music" })).toThrow('kind is "music"; expected "separation"');
  expect(() => opened({ counts: "1 2 3;" })).toThrow("expected counted sums, rows of four numbers in base 36");
  expect(() => opened({ counts: "zz 2 3 1" })).toThrow("there is no code 1295");
  expect(() => opened({ counts: "1 2 3 0" })).toThrow("times is 0");
  expect(() => separatorOf({ task } as never)).toThrow('expected a "vector-quantizer"');
});
