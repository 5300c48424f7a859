import { describe, expect, it } from "vitest";
import { broadcastTo, constant } from "../engine/graph/operations.js";
import { referenceBackend } from "../engine/reference/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { linearSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { exactDiffusion } from "../testing/oracles/index.js";
import { recordedNoise } from "./noise-source.js";
import { Sampler, type SamplerOptions } from "./sampler.js";
import { clippedRows, type StartPrior, type StartRequest, startLevel, startTokens } from "./start.js";

const process = variancePreserving(linearSchedule(1000), { objective: "x0", limit: { kind: "none" } });
const diffusion = exactDiffusion([1], ({ tokens }) => broadcastTo(constant(0.2), tokens.shape), { process });
const normalPrior: StartPrior = ({ noise }) => noise;
const samplerOf = (options: Partial<SamplerOptions>) =>
  new Sampler(diffusion, { backend: referenceBackend(), parameters: {}, timesteps: 2, ...options });

describe("startLevel", () => {
  it("is the highest level that tokens start at, K without a start", () => {
    expect(startLevel(50, undefined)).toBe(50);
    expect(startLevel(50, { level: 50, prior: normalPrior })).toBe(50);
    expect(startLevel(50, { level: [7, 20, 3], prior: normalPrior })).toBe(20);
    expect(() => startLevel(50, { level: [7, 51], prior: normalPrior })).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        message: "sampler: start.level is 51; expected a level from 1 to 50.",
      }),
    );
  });

  it.each<[unknown, RegExp]>([
    [{ level: 0, prior: normalPrior }, /level is 0; expected a level from 1/],
    [{ level: [3, 0], prior: normalPrior }, /level/],
    [{ level: 1.5, prior: normalPrior }, /level is 1\.5/],
    [{ level: 3, prior: 3 }, /prior is 3; expected a function/],
    [{ level: 3, prior: normalPrior, seed: 1 }, /no option seed/],
    [null, /sampler: start: the value is null/],
  ])("refuses the start %j", (start, message) => {
    expect(() => startLevel(50, start as never)).toThrow(message);
  });
});

describe("startTokens", () => {
  const levels = Int32Array.of(0, 10, 20, 30);
  const wide = { ...diffusion, process: { ...process, priorScale: 10, noiseClip: 5 } };

  it("are noise of the process's own size without a start, limited, drawn under a name of their own", async () => {
    const paths: string[] = [];
    const source = recordedNoise((path) => {
      paths.push(path.join("/"));
      return [1, -40, 3];
    });
    expect(await startTokens({ diffusion: wide, levels }, source, 1, 3)).toEqual(tensor([10, -50, 30], [1, 3, 1]));
    expect(paths).toEqual(["start"]);
  });

  it("are what the prior makes of unscaled noise, the levels wanted, and the condition where there is one", async () => {
    const seen: StartRequest[] = [];
    const made = tensor([7, 8, 9], [1, 3, 1]);
    const prior: StartPrior = (request) => {
      seen.push(request);
      return made;
    };
    const source = recordedNoise(() => [1, -40, 3]);
    const condition = tensor([1, 2, 3], [1, 3, 1]);
    const all = { diffusion: wide, levels, start: { level: 30, prior } };
    expect(await startTokens(all, source, 1, 3)).toBe(made);
    expect(await startTokens({ ...all, start: { level: [9, 26], prior } }, source, 1, 3, { condition })).toBe(made);
    const noise = tensor([1, -5, 3], [1, 3, 1]);
    expect(seen).toStrictEqual([
      { noise, levels: Int32Array.of(30, 30, 30) },
      { noise, levels: Int32Array.of(10, 30, 30), condition },
    ]);
  });

  it.each<[string, unknown, string, RegExp]>([
    ["of another dtype", tensor(Int32Array.of(1, 2, 3), [1, 3, 1]), "shape-mismatch", /made int32\[1, 3, 1\]/],
    ["of another shape", tensor([1, 2, 3], [3, 1, 1]), "shape-mismatch", /made float32\[3, 1, 1\]/],
    ["that are not all finite", tensor([1, Number.NaN, 3], [1, 3, 1]), "shape-mismatch", /expected finite float32/],
    ["that are no tensor", [1, 2, 3], "invalid-argument", /what start\.prior made is \[1, 2, 3\]/],
  ])("refuses tokens %s", async (_what, made, code, message) => {
    const start = { level: 30, prior: (async () => made) as unknown as StartPrior };
    const source = recordedNoise(() => [0, 0, 0]);
    await expect(startTokens({ diffusion, levels, start }, source, 1, 3)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});

describe("a sampler with a start", () => {
  it("refuses levels and priors that cannot be", async () => {
    expect(() => samplerOf({ start: { level: 1001, prior: normalPrior } })).toThrow(
      /start.level is 1001; expected a level from 1 to 1000/,
    );
    expect(() => samplerOf({ start: { level: [], prior: normalPrior } })).toThrow(/level/);
    expect(() => samplerOf({ start: { level: 10, prior: normalPrior }, timesteps: 11 })).toThrow(
      /11 steps over 10 levels/,
    );
    const wrong: StartPrior = () => tensor([1], [1, 1, 1]) as HostTensor;
    const sample = samplerOf({ start: { level: 100, prior: wrong } }).sample({ batch: 2, length: 1, seed: 1 });
    await expect(sample).rejects.toThrow(/start.prior made float32\[1, 1, 1\]; expected finite float32\[2, 1, 1\]/);
  });
});

it("a prior that takes its time can be aborted, and levels may be for very many places", async () => {
  const controller = new AbortController();
  const prior: StartPrior = () => {
    controller.abort();
    return new Promise(() => {});
  };
  const sample = samplerOf({ start: { level: new Array(200_000).fill(100), prior } }).sample({
    length: 1,
    seed: 1,
    signal: controller.signal,
  });
  await expect(sample).rejects.toMatchObject({ code: "aborted" });
});

describe("clippedRows", () => {
  it("keeps every token at most at the level nearest to its start, the lower of two as near", () => {
    const levels = Int32Array.of(0, 10, 20, 30);
    const rows = [Int32Array.of(3, 3, 3, 3), Int32Array.of(1, 2, 2, 3)];
    const start = { level: [9, 15, 30], prior: normalPrior };
    const clipped = clippedRows({ diffusion: diffusion, levels, start }, rows);
    expect(clipped.map((row) => [...row])).toEqual([
      [1, 1, 3, 3],
      [1, 1, 2, 3],
    ]);
    expect(clippedRows({ diffusion: diffusion, levels, start: { ...start, level: 10 } }, rows)).toBe(rows);
    expect(clippedRows({ diffusion: diffusion, levels }, rows)).toBe(rows);
  });
});
