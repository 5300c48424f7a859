import { expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { drawNoise, recordedNoise } from "./noise-source.js";

it("plays recorded numbers back by the path of the draw, limited, and refuses another number of them", () => {
  const paths: (readonly (string | number)[])[] = [];
  const source = recordedNoise((path) => {
    paths.push(path);
    return [1, -9, 0.5];
  });
  const target = new Float32Array(3);
  source.split(4).split("steps").split("step").fillNormal(target, { clip: 2 });
  expect([Array.from(target), paths]).toEqual([[1, -2, 0.5], [[4, "steps", "step"]]]);
  expect(() => source.split("start").fillNormal(new Float32Array(2))).toThrow("3 numbers at start; expected 2");
});

it("lets each stream of a batch fill its own samples, for every copy", () => {
  const streams = [createRandom(1), createRandom(2)];
  const both = drawNoise(streams, [3, "futures"], 2, [2, 5], 20);
  expect(both.shape).toEqual([2, 2, 5]);
  const alone = drawNoise([createRandom(2)], [3, "futures"], 2, [1, 5], 20);
  expect(both.data.subarray(5, 10)).toEqual(alone.data.subarray(0, 5));
  expect(both.data.subarray(0, 5)).not.toEqual(both.data.subarray(5, 10));
});
