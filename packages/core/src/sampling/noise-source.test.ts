import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { drawNoise, noiseSources, recordedNoise, splitSources } from "./noise-source.js";

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

it("lets each stream of a batch fill its own samples", () => {
  const streams = [createRandom(1), createRandom(2)];
  const both = drawNoise(streams, [3, "futures"], [2, 5], 20);
  expect(both.shape).toEqual([2, 5]);
  const alone = drawNoise([createRandom(2)], [3, "futures"], [1, 5], 20);
  expect(both.data.subarray(5, 10)).toEqual(alone.data.subarray(0, 5));
  expect(both.data.subarray(0, 5)).not.toEqual(both.data.subarray(5, 10));
});

it("makes sources of seeds and streams, one or one for each sample, and refuses the rest", () => {
  const drawn = (seed: Parameters<typeof noiseSources>[1], batch: number) =>
    Array.from(drawNoise(noiseSources("sample", seed, batch), ["start"], [batch, 2], 20).data);
  expect(drawn([7, createRandom(8)], 2)).toEqual([...drawn(7, 1), ...drawn(createRandom(8), 1)]);
  expect(() => noiseSources("sample", [1, 2], 3)).toThrow("sample: 2 seeds for 3 samples");
  expect(() => noiseSources("sample", "7" as never, 1)).toThrow('sample: seed is "7"; expected a whole number');
  expect(() => noiseSources("sample", [1, undefined as never], 2)).toThrow("seed is undefined");
  for (const [seed, shown] of [
    [null, "null"],
    [{}, "an object"],
    [{ fillNormal: 1 }, "an object with fillNormal"],
    [true, "true"],
  ]) {
    expect(() => noiseSources("sample", seed as never, 1)).toThrow(`sample: seed is ${shown}; expected`);
  }
  expect(() => noiseSources("sample", Number.NaN, 1)).toThrow(/NaN/);
  expect(() => noiseSources("sample", -1, 1)).toThrow(/-1/);
});

describe("drawNoise", () => {
  it("draws from the whole path of each source, every one its own samples, within the limit", () => {
    const source = (own: number) => recordedNoise((path) => [own, path.length, path[0] === "steps" ? 1 : 0, 9]);
    const two = drawNoise([source(1), source(2)], ["steps", 3, "step", 0], [2, 2, 2], 5);
    expect([two.shape, [...two.data]]).toEqual([
      [2, 2, 2],
      [1, 4, 1, 5, 2, 4, 1, 5],
    ]);
    expect([...drawNoise(source(-7), ["start"], [2, 2], 5).data]).toEqual([-5, 1, 0, 5]);
    const random = createRandom(3);
    const expected = new Float32Array(4);
    random.split("steps").split(2).fillNormal(expected, { clip: 3 });
    expect([...drawNoise(random, ["steps", 2], [4], 3).data]).toEqual([...expected]);
  });
});

it("splits each source of several, or the one there is", () => {
  const source = (own: number) => recordedNoise((path) => [own, path[0] as number]);
  expect([...drawNoise(splitSources([source(1), source(2)], 7), [], [2, 2], 9).data]).toEqual([1, 7, 2, 7]);
  expect([...drawNoise(splitSources(source(3), 8), [], [2], 9).data]).toEqual([3, 8]);
});

it("refuses recorded noise that is none, and noise that is not finite, whoever gives it", () => {
  const nothing = recordedNoise(() => undefined as never);
  expect(() => nothing.fillNormal(new Float32Array(2))).toThrow("Recorded noise: undefined at ; expected 2 numbers.");
  const spoilt = recordedNoise(() => [1, Number.NaN]);
  expect(() => drawNoise(spoilt, ["start"], [2], 9)).toThrow(
    "noise that the seed gives at start holds NaN at element 1",
  );
});

it("takes for a source only what splits and fills, and a seed for every sample of a list", () => {
  expect(() => noiseSources("sample", { fillNormal() {} } as never, 1)).toThrow(
    "sample: seed is an object with fillNormal",
  );
  expect(() => noiseSources("sample", { split() {} } as never, 1)).toThrow("sample: seed is an object with split");
  // biome-ignore lint/suspicious/noSparseArray: a list with a hole is what is tried.
  expect(() => noiseSources("sample", [1, ,] as never, 2)).toThrow("sample: seed is undefined");
});
