import { cosineSchedule, type DenoiseRequest, diffusionForcing, tensor, transformer } from "@diffusion-forcing/core";
import { normalizationCodec } from "@diffusion-forcing/core/bundle";
import { describe, expect, it } from "vitest";
import { type EpisodesOptions, runEpisodes } from "./episodes.js";
import type { FruitState } from "./fruit-swap.js";
import type { PolicySampler } from "./policy.js";
import { places } from "./view.js";

/** A sampler of two steps that always says: stay at rest, and the apple will be at (5, 5). */
function resting(): { readonly sampler: PolicySampler; readonly requests: DenoiseRequest[] } {
  const requests: DenoiseRequest[] = [];
  const diffusion = diffusionForcing({
    model: transformer({ features: 10, width: 8, layers: 1, heads: 1 }),
    schedule: cosineSchedule(10),
  });
  const token = [0, 0, -1, 5, 5, 0, 0, 0, 0, -1];
  const denoise = async (request: DenoiseRequest) => {
    requests.push(request);
    return tensor(
      request.tokens.data.map((_, i) => token[i % 10] as number) as Float32Array<ArrayBuffer>,
      request.tokens.shape,
    );
  };
  return { sampler: { diffusion, timesteps: 2, levels: Int32Array.of(0, 5, 10), denoise }, requests };
}
const codec = normalizationCodec({ mean: Array(10).fill(0), std: Array(10).fill(1) });
const run = (sampler: PolicySampler, more: Partial<EpisodesOptions> = {}) =>
  runEpisodes({ sampler, codec, view: places, episodes: 2, memory: 26, seed: 1, ...more });

describe("runEpisodes", () => {
  it("acts 25 times, and takes in what is really seen", async () => {
    const { sampler, requests } = resting();
    const { states, seen, expected } = await run(sampler);
    expect([states.map((path) => path.length), seen.length, expected.length]).toEqual([[26, 26], 26, 25]);
    expect(requests).toHaveLength(25);
    expect(expected[0]?.[0]?.slice(0, 2)).toEqual([5, 5]);
    // The apple stays in its slot, and that is what is seen, to the sensors' precision.
    const path = states[0] as readonly FruitState[];
    const [apple] = (path[25] as FruitState).fruits;
    expect(
      Math.hypot((seen[25]?.[0]?.[0] as number) - apple[0], (seen[25]?.[0]?.[1] as number) - apple[1]),
    ).toBeLessThan(0.06);
    expect(Array.from(requests[24]?.rows[0] as Int32Array).slice(0, 26)).toEqual([...Array(25).fill(0), 2]);
  });

  it("takes in what it expected, where it dreams", async () => {
    const { seen } = await run(resting().sampler, { dream: true });
    expect(seen[0]?.[0]?.slice(0, 2)).not.toEqual([5, 5]);
    expect(seen[25]?.[0]?.slice(0, 2)).toEqual([5, 5]);
  });

  it("disturbs a share of the steps, and shows them at the level that is told", async () => {
    const [told, untold] = [resting(), resting()];
    const plain = await run(resting().sampler);
    const disturbed = await run(told.sampler, { distraction: { share: 0.3, level: 1 } });
    const again = await run(untold.sampler, { distraction: { share: 0.3, level: 0 } });
    expect(again.seen).toEqual(disturbed.seen);
    const isFar = disturbed.seen.map(
      (looks, t) => Math.abs((looks[0]?.[0] as number) - (plain.seen[t]?.[0]?.[0] as number)) > 0.05,
    );
    const levels = Array.from(told.requests[24]?.rows[0] as Int32Array).slice(0, 25);
    expect(levels).toEqual(isFar.slice(0, 25).map((far) => (far ? 1 : 0)));
    expect(levels.filter((level) => level === 1).length).toBeGreaterThan(5);
    expect(Array.from(untold.requests[24]?.rows[0] as Int32Array).slice(0, 25)).toEqual(Array(25).fill(0));
  });

  it("starts alike for the same seed, and stops when it is told to", async () => {
    const starts = await Promise.all(
      [1, 1, 2].map(async (seed) =>
        (await run(resting().sampler, { seed, episodes: 8 })).states.map(([first]) => first?.initial),
      ),
    );
    expect(starts[1]).toEqual(starts[0]);
    expect(starts[2]).not.toEqual(starts[0]);
    const controller = new AbortController();
    const stopped = run(resting().sampler, {
      signal: controller.signal,
      onStep: (step) => step === 3 && controller.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: "aborted" });
  });

  it("refuses levels that the sampler does not have", async () => {
    const wrong = run(resting().sampler, { distraction: { share: 0.3, level: 3 } });
    await expect(wrong).rejects.toThrow("level index 3 is beyond the sampler's 2 steps");
  });
});
