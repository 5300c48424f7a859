import { describe, expect, it } from "vitest";
import { type HostTensor, tensor } from "../../engine/tensor/tensor.js";
import { transformer } from "../../models/transformer/index.js";
import { toldPlaces } from "../../testing/fixtures/told-places.js";
import { smallPath } from "../../testing/small-path.js";
import { fractionalHistoryGuidance } from "../guidance/score-combination.js";
import { recordedNoise } from "../noise-source.js";
import { checkedRollout, type RolloutOptions, type RolloutSampler } from "../rollout-options.js";
import { ddim } from "../solvers/ddim.js";
import type { WalkOptions } from "../walk-inputs.js";
import type { WalkRequest } from "../walk-request.js";
import { RolloutWindow } from "./window.js";

const process = smallPath();
/** A sampler whose walks are only noted: each adds 100 to its tokens in two steps of three runs each. */
function noting(options: Partial<WalkOptions> = {}, conditionFeatures = 0) {
  const asked: WalkRequest[] = [];
  let read = 0;
  const walker = {
    options: { solver: ddim(), stabilizationLevel: 0, ...options },
    async *walk(request: WalkRequest) {
      asked.push(request);
      for (let step = 1; step < request.rows.length; step++) {
        const data = (request.tokens.data as Float32Array).map((x) => x + 50 * step);
        const [whole, { shape }] = [tensor(data, request.tokens.shape), request.tokens];
        const whenRead = async () => {
          read++;
          return whole;
        };
        const x = { dtype: "float32", shape, device: "test", read: whenRead, dispose: () => {} };
        yield { step, x, taken: 2 * step, calls: 3 * step };
      }
    },
  };
  const model = transformer({ features: 1, width: 8, layers: 1, heads: 1, conditionFeatures });
  const diffusion = { model, process, lossWeighting: process.lossWeighting };
  return { sampler: { diffusion, walker, timesteps: 2 } as unknown as RolloutSampler, asked, read: () => read };
}
const random = recordedNoise((path) => [Number(path.at(-1))]);
const rows = [Int32Array.of(2, 2), Int32Array.of(1, 1), Int32Array.of(0, 0)];
const chunk = (position: number) => ({
  ...{ size: 2, position, rows, random },
  noise: tensor([position, position + 1], [1, 2, 1]) as HostTensor<"float32">,
});
function opened(noted: ReturnType<typeof noting>, more: Partial<RolloutOptions> = {}): RolloutWindow {
  const given = { length: 9, seed: 1, window: 5, chunk: 2, memory: "recompute", ...more } as const;
  return new RolloutWindow(noted.sampler, checkedRollout(noted.sampler, given), random);
}

describe("a past that is read again", () => {
  it("is the last tokens that fit the window beside the chunk", async () => {
    const noted = noting();
    const past = opened(noted);
    expect(await past.state()).toStrictEqual({});
    expect(await past.extend(chunk(0))).toEqual({ tokens: tensor([100, 101], [1, 2, 1]), taken: 4, calls: 6 });
    await past.extend(chunk(2));
    await past.extend(chunk(4));
    // No two of one length until the window is full.
    expect(noted.asked.map(({ repeated }) => repeated)).toEqual([false, false, true]);
    expect(noted.asked.map(({ tokens }) => [...tokens.data])).toEqual([
      [0, 1],
      [100, 101, 2, 3],
      [101, 102, 103, 4, 5],
    ]);
    expect(noted.asked[1]?.rows.map((row) => [...(row as Int32Array)])).toEqual([
      [0, 0, 2, 2],
      [0, 0, 1, 1],
      [0, 0, 0, 0],
    ]);
    expect(await past.state()).toEqual({ tokens: tensor([101, 102, 103, 104, 105], [1, 5, 1]) });
    // What a device holds after the last step of each is read, and nothing before.
    expect(noted.read()).toBe(3);
  });

  it("begins with the context, or with the tokens of a state", async () => {
    const tokens = tensor([7, 8], [1, 2, 1]);
    expect(await opened(noting(), { context: tokens }).state()).toEqual({ tokens });
    expect(await opened(noting(), { resume: { done: 1, position: 2, tokens } }).state()).toEqual({ tokens });
    expect(await opened(noting(), { resume: { done: 0, position: 0 } }).state()).toEqual({});
  });

  it("is told the place of the first token it sees: its condition, its noise, the inputs of its guidance", async () => {
    const noted = noting({ scores: fractionalHistoryGuidance({ scale: 1.5, level: 2 }) }, 1);
    const { places, options } = toldPlaces();
    const signal = new AbortController().signal;
    const past = opened(noted, {
      context: tensor([1, 2, 3, 4], [1, 4, 1]),
      signal,
      ...options,
    });
    await past.extend(chunk(4));
    expect(noted.asked[0]).toMatchObject({ random, signal, guidanceInputs: { goal: tensor([1]) } });
    expect(noted.asked[0]?.condition).toEqual(tensor([1, 2, 3, 4, 5], [1, 5, 1]));
    expect(noted.asked[0]?.historyNoise).toEqual(tensor([1, 2, 3, 4, 5], [1, 5, 1]));
    expect(places).toEqual([[1, 5]]);
    const plain = noting();
    await opened(plain).extend(chunk(0));
    expect(plain.asked[0]?.historyNoise).toBeUndefined();
  });
});
