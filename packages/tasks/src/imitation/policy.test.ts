import {
  cosineSchedule,
  createRandom,
  type DenoiseRequest,
  diffusionForcing,
  tensor,
  transformer,
} from "@diffusion-forcing/core";
import { normalizationCodec } from "@diffusion-forcing/core/bundle";
import { describe, expect, it } from "vitest";
import { noAction } from "./observation.js";
import { FruitPolicy, type PolicySampler } from "./policy.js";

/** Of two steps over the levels 0, 5 and 10; it answers tokens 0, 1, 2, ... */
function recording(conditionFeatures = 0): { readonly sampler: PolicySampler; readonly requests: DenoiseRequest[] } {
  const requests: DenoiseRequest[] = [];
  const diffusion = diffusionForcing({
    model: transformer({ features: 4, width: 8, layers: 1, heads: 1, conditionFeatures }),
    schedule: cosineSchedule(10),
  });
  const denoise = async (request: DenoiseRequest) => {
    requests.push(request);
    return tensor(request.tokens.data.map((_, i) => i) as Float32Array<ArrayBuffer>, request.tokens.shape);
  };
  return { sampler: { diffusion, timesteps: 2, levels: Int32Array.of(0, 5, 10), denoise }, requests };
}
const codec = normalizationCodec({ mean: [0, 0, 0, 1], std: [1, 1, 1, 2] });
const policyOf = (sampler: PolicySampler, memory: number): FruitPolicy =>
  new FruitPolicy({ sampler, codec, episodes: 2, observationSize: 1, memory, random: createRandom(1) });
const firstRow = ({ rows }: DenoiseRequest): string => Array.from(rows[0] as Int32Array).join("");
const lastRow = ({ rows }: DenoiseRequest): string => Array.from(rows.at(-1) as Int32Array).join("");

describe("FruitPolicy", () => {
  it("samples the token after the past, and reads action and expectation off it", async () => {
    const { sampler, requests } = recording();
    const policy = policyOf(sampler, 26);
    await policy.observe([noAction, noAction], [[3], [5]], 0);
    const { actions, expected } = await policy.act();
    expect([firstRow(requests[0] as DenoiseRequest), lastRow(requests[0] as DenoiseRequest)]).toEqual([
      "02222222",
      "00222222",
    ]);
    // A window of eight tokens of four numbers; the second token of each episode, decoded.
    expect(actions).toEqual([
      { target: [4, 5], grip: 6 },
      { target: [36, 37], grip: 38 },
    ]);
    expect(expected).toEqual([[2 * 7 + 1], [2 * 39 + 1]]);
    // What was done and seen, encoded: (3 - 1) / 2 and (5 - 1) / 2.
    const { data } = (requests[0] as DenoiseRequest).tokens;
    expect(Array.from(data.subarray(0, 4))).toEqual([0, 0, -1, 1]);
    expect(Array.from(data.subarray(32, 36))).toEqual([0, 0, -1, 2]);
  });

  it("shows doubtful tokens at their level and scaled to it, forgotten ones as noise", async () => {
    const { sampler, requests } = recording();
    const policy = policyOf(sampler, 2);
    for (const level of [0, 1, 0]) await policy.observe([noAction, noAction], [[3], [3]], level);
    await policy.act();
    const [request] = requests as [DenoiseRequest];
    expect(firstRow(request)).toBe("21022222");
    const signal = sampler.diffusion.process.path?.signal[5] as number;
    expect(request.tokens.data[4 + 3]).toBeCloseTo(signal, 6);
    expect(request.tokens.data[8 + 3]).toBe(1);
    expect(request.tokens.data[3]).not.toBe(1);
  });

  it("gives the next-token baseline each token's predecessor as a condition", async () => {
    const { sampler, requests } = recording(4);
    const policy = policyOf(sampler, 26);
    await policy.observe([noAction, noAction], [[3], [5]], 0);
    await policy.act();
    const { condition } = requests[0] as DenoiseRequest;
    expect(condition?.shape).toEqual([2, 8, 4]);
    expect(Array.from(condition?.data.subarray(0, 12) ?? [])).toEqual([0, 0, 0, 0, 0, 0, -1, 1, 0, 0, 0, 0]);
  });

  it("draws other noise for every step, the same for the same seed", async () => {
    const noiseOf = async (steps: number): Promise<number> => {
      const { sampler, requests } = recording();
      const policy = policyOf(sampler, 26);
      for (let i = 0; i < steps; i++) await policy.observe([noAction, noAction], [[3], [5]], 0);
      await policy.act();
      return requests[0]?.tokens.data[20] as number;
    };
    expect(await noiseOf(1)).toBe(await noiseOf(1));
    expect(await noiseOf(2)).not.toBe(await noiseOf(1));
  });
});
