import { cosineSchedule, type DenoiseRequest, diffusionForcing, tensor, transformer } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { type ComposeOptions, type ComposingSampler, compose } from "./compose.js";

const diffusion = diffusionForcing({
  model: transformer({ features: 1, width: 8, layers: 1, heads: 1 }),
  schedule: cosineSchedule(10),
});

/** A sampler of two steps that answers its n-th request with tokens n, and keeps what it was asked. */
function recording(): { readonly sampler: ComposingSampler; readonly requests: DenoiseRequest[] } {
  const requests: DenoiseRequest[] = [];
  const denoise = async (request: DenoiseRequest) => {
    requests.push(request);
    return tensor(new Float32Array(request.tokens.data.length).fill(requests.length), request.tokens.shape);
  };
  return { sampler: { diffusion, timesteps: 2, denoise }, requests };
}
const options = (more: Partial<ComposeOptions> = {}): ComposeOptions => ({
  batch: 2,
  length: 5,
  memory: 1,
  seed: 3,
  ...more,
});
const rowsOf = ({ rows }: DenoiseRequest): string[] => rows.map((row) => Array.from(row).join(""));

describe("compose", () => {
  it("samples everything at once where nothing else is asked for", async () => {
    const { sampler, requests } = recording();
    const made = await compose(sampler, options());
    expect(requests.map(rowsOf)).toEqual([["22222", "11111", "00000"]]);
    expect([made.shape, Array.from(made.data)]).toEqual([[2, 5, 1], Array(10).fill(1)]);
  });

  it("plans, keeps, forgets and plans again", async () => {
    const { sampler, requests } = recording();
    const done: number[] = [];
    const made = await compose(sampler, options({ plan: 2, onProgress: (count) => done.push(count) }));
    expect(requests.map(rowsOf)).toEqual([
      ["22222", "11222", "00222"],
      ["20222", "20112", "20002"],
      ["22202", "22201", "22200"],
    ]);
    expect(Array.from(made.data)).toEqual([1, 1, 2, 2, 3, 1, 1, 2, 2, 3]);
    expect(done).toEqual([2, 4, 5]);
    // What is remembered is shown as it was made, what is forgotten as noise.
    const [, , last] = requests as [DenoiseRequest, DenoiseRequest, DenoiseRequest];
    expect(last.tokens.data[3]).toBe(2);
    expect(last.tokens.data[0]).not.toBe(1);
  });

  it("remembers as much as it is told to, and keeps less than it plans", async () => {
    const { sampler, requests } = recording();
    await compose(sampler, options({ memory: 5, plan: 3, keep: 2 }));
    expect(requests.map(rowsOf).map(([first]) => first)).toEqual(["22222", "00222", "00002"]);
    expect(requests.map(rowsOf).map(([, , last]) => last)).toEqual(["00022", "00000", "00000"]);
  });

  it("makes the same of the same seed", async () => {
    const starts = await Promise.all(
      [3, 3, 4].map(async (seed) => {
        const { sampler, requests } = recording();
        await compose(sampler, options({ seed }));
        return Array.from(requests[0]?.tokens.data ?? []);
      }),
    );
    expect(starts[1]).toEqual(starts[0]);
    expect(starts[2]).not.toEqual(starts[0]);
  });

  it.each<[string, object, string]>([
    ["to keep more than is planned", { plan: 2, keep: 3 }, "keep is 3 and plan is 2"],
    ["a plan of nothing", { plan: 0 }, "plan is 0; expected a whole number from 1"],
    ["a memory that is no number", { memory: Number.NaN }, "memory is NaN"],
    ["an unknown option", { horizon: 4 }, "there is no option horizon"],
  ])("refuses %s", async (_name, more, message) => {
    await expect(compose(recording().sampler, options(more))).rejects.toThrow(message);
  });
});
