import { describe, expect, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import type { Backend } from "../engine/backend/contract.js";
import { add, div, mul, square, sum } from "../engine/graph/operations.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { deviceStandIn } from "../testing/device-stand-in.js";
import { failure } from "../testing/fixtures/failure.js";
import type { Guidance } from "./guidance/gradient.js";
import { autoregressive, pyramid, schedulingMatrix } from "./plan/matrix-shapes.js";
import type { DenoiseRequest } from "./request.js";
import { Sampler, type SamplerOptions } from "./sampler.js";
import { ancestral } from "./solvers/ancestral.js";
import { ddim } from "./solvers/ddim.js";

/** Answers w times what it sees, plus its condition if it takes one. */
function diffusionOf(conditionFeatures = 0, noiseClip = 6): Diffusion {
  const model: Model = {
    config: { kind: "scaling" },
    tokenShape: [1],
    conditionFeatures,
    parameters: { w: { shape: [1], initializer: { kind: "ones" } } },
    apply: ({ w }, { tokens, condition }) => (condition ? add(mul(tokens, w!), condition) : mul(tokens, w!)),
  };
  const process = variancePreserving(cosineSchedule(50), { objective: "x0", noiseClip, limit: { kind: "none" } });
  return { model, process, lossWeighting: { kind: "uniform" } };
}
const parameters = { w: tensor([0.5]) };
const samplerWith = (options: Partial<SamplerOptions> = {}, diffusion = diffusionOf()) =>
  new Sampler(diffusion, { backend: referenceBackend(), parameters, timesteps: 5, stabilizationLevel: 0, ...options });
const request = (more: Partial<DenoiseRequest> = {}): DenoiseRequest => ({
  tokens: tensor([1, -2, 3], [1, 3, 1]),
  rows: schedulingMatrix(pyramid(), 5, 3).rows,
  seed: 3,
  ...more,
});
/** The reference backend, with counts of what was compiled, run and disposed; the first `failures` compiles fail. */
function countingBackend(failures = 0) {
  const inner = referenceBackend();
  const counts = { compiled: 0, run: 0, disposed: 0 };
  const backend: Backend = {
    ...inner,
    compile: async (graph, options) => {
      counts.compiled++;
      if (counts.compiled <= failures) throw new Error("out of memory");
      const executable = await inner.compile(graph, options);
      const run: typeof executable.run = (inputs) => {
        counts.run++;
        return executable.run(inputs);
      };
      return { run, dispose: () => void counts.disposed++ };
    },
  };
  return { backend, counts };
}

describe("Sampler", () => {
  it("lists the level of every index", () => {
    expect([...samplerWith().levels]).toEqual([0, 10, 20, 30, 40, 50]);
  });

  it.each<[Partial<SamplerOptions>, RegExp]>([
    [{ stabilizationLevel: 51 }, /^invalid-argument: .*stabilizationLevel is 51; .* 0 to 50/],
    [{ stabilizationLevel: 1.5 }, /^invalid-argument: .*stabilizationLevel/],
    [{ timesteps: 0 }, /^invalid-argument: .*timesteps/],
    [{ timesteps: 51 }, /^invalid-argument: .*51 steps over 50 levels/],
    [{ steps: 5 } as object, /^invalid-argument: .*steps/],
    [{ eta: 1 } as object, /^invalid-argument: .*eta/],
    [{ solver: "ddpm" as never }, /^invalid-argument: .*solver/],
    [{ solver: { ...ddim(), draws: () => 0.5 } }, /^invalid-argument: The solver "ddim" takes 0\.5 draws a step/],
    [{ guidance: { value: () => {} } as never }, /^invalid-argument: .*guidance/],
    [{ guidance: { reward: (x0) => sum(x0, [1, 2]), samples: 0 } }, /^invalid-argument: guidance: samples is 0/],
    [{ scores: [{ weight: 2 }] }, /^invalid-argument: .*weights add up to 2/],
    [{ parameters: {} }, /^checkpoint-mismatch: Parameter "w"/],
    [{ parameters: { w: tensor([1, 2]) } }, /^checkpoint-mismatch: .*float32\[2\], expected float32\[1\]/],
  ])("refuses %o", async (options, message) => {
    expect(await failure(() => samplerWith(options))).toMatch(message);
  });
});

describe("denoise", () => {
  it("reports every row that changes something, and reads the sequence after it", async () => {
    const seen: unknown[] = [];
    for await (const { step, steps, read } of samplerWith().denoiseStream(
      request({
        rows: [
          [5, 5, 0],
          [0, 5, 0],
          [0, 5, 0],
          [0, 0, 0],
        ],
      }),
    )) {
      seen.push([step, steps, [...(await read()).data]]);
    }
    // A step to index 0 gives the model's answer, half; the third token is context.
    expect(seen).toEqual([
      [1, 3, [0.5, -2, 3]],
      [3, 3, [0.5, -1, 3]],
    ]);
  });

  it("runs nothing for rows that change nothing", async () => {
    const { backend, counts } = countingBackend();
    const rows = [
      [5, 5, 5],
      [5, 5, 5],
      [4, 5, 5],
      [4, 5, 5],
      [0, 0, 0],
    ];
    await samplerWith({ backend }).denoise(request({ rows }));
    expect(counts.run).toBe(2);
  });

  it("returns a copy of the tokens for a single row, unless it is aborted", async () => {
    const { tokens, ...rest } = request({ rows: [[5, 5, 5]] });
    const found = await samplerWith().denoise({ tokens, ...rest });
    expect(found).toEqual(tokens);
    found.data.fill(7);
    expect([...tokens.data]).toEqual([1, -2, 3]);
    const aborted = samplerWith().denoise({ tokens, ...rest, signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: "aborted" });
    await expect(samplerWith().denoise(undefined as never)).rejects.toMatchObject({ code: "invalid-argument" });
  });

  it("gives what is read away: whoever writes into it changes nothing of what follows", async () => {
    const walk = async (spoil: boolean): Promise<HostTensor | undefined> => {
      let last: HostTensor | undefined;
      for await (const { read } of samplerWith().denoiseStream(request())) {
        last = await read();
        const { data } = await read();
        if (spoil) data.fill(9);
      }
      return last;
    };
    expect(await walk(true)).toEqual(await walk(false));
  });

  it("refuses to give what is not finite", async () => {
    const guidance: Guidance = { reward: (clean) => div(1, sum(mul(clean, 0), [1, 2])), samples: 1 };
    await expect(samplerWith({ guidance }).denoise(request())).rejects.toMatchObject({
      code: "non-finite-sample",
      message: expect.stringMatching(/^denoise: the sample holds NaN at element 0/),
    });
  });

  it("leaves its input tokens as they are", async () => {
    const given = request();
    await samplerWith({ solver: ddim({ eta: 1 }) }).denoise(given);
    expect([...given.tokens.data]).toEqual([1, -2, 3]);
  });

  it.each([0, 1])("gives the same bits for the same seed, eta %d", async (eta) => {
    const sampler = samplerWith({ solver: ddim({ eta }) });
    const first = await sampler.denoise(request());
    expect(await sampler.denoise(request())).toEqual(first);
    const other = await sampler.denoise(request({ seed: 4 }));
    expect(other.data[2] === first.data[2]).toBe(eta === 0);
  });

  it("gives a sample what it gets in any batch, without fresh noise", async () => {
    const rows = schedulingMatrix(autoregressive(), 5, 2).rows;
    const alone = await samplerWith().denoise(request({ tokens: tensor([1, -2], [1, 2, 1]), rows }));
    const among = await samplerWith().denoise(request({ tokens: tensor([9, 9, 1, -2, 0, 7], [3, 2, 1]), rows }));
    expect([...among.data.slice(2, 4)]).toEqual([...alone.data]);
  });

  it("gives samples of one batch noise of their own", async () => {
    const tokens = tensor([1, 1], [2, 1, 1]);
    const { data } = await samplerWith({ solver: ddim({ eta: 1 }) }).denoise(request({ tokens, rows: [[5], [3]] }));
    expect(data[0]).not.toBe(data[1]);
  });

  it("gives a sample of a stream of its own what it gets in any batch, with fresh noise and futures", async () => {
    const guidance: Guidance = { samples: 3, reward: (x0) => mul(sum(square(square(x0)), [1, 2]), -0.01) };
    const sampler = samplerWith({ solver: ddim({ eta: 1 }), guidance });
    const rows = schedulingMatrix(pyramid(), 5, 2).rows;
    const result = async (tokens: number[], seeds: number[]): Promise<number[]> => {
      const shape = [seeds.length, 2, 1];
      const seed = seeds.map((one) => createRandom(one));
      return [...(await sampler.denoise({ tokens: tensor(tokens, shape), rows, seed })).data];
    };
    const alone = await result([1, -2], [7]);
    expect((await result([9, 9, 1, -2, 0, 7], [5, 7, 6])).slice(2, 4)).toEqual(alone);
    const oneStream = request({ tokens: tensor([1, -2], [1, 2, 1]), rows, seed: 7 });
    expect([...(await sampler.denoise(oneStream)).data]).toEqual(alone);
  });

  it("goes on from any row as if never cut, where that row stands for those before it", async () => {
    const sampler = samplerWith({ solver: ddim({ eta: 1 }) });
    const { rows } = request();
    const whole = await sampler.denoise(request());
    const tokens = await sampler.denoise(request({ rows: rows.slice(0, 4) }));
    const rest = rows.map((row, m) => (m < 3 ? rows[3]! : row));
    expect(await sampler.denoise(request({ tokens, rows: rest }))).toEqual(whole);
  });

  it("clamps noise to the process's limit", async () => {
    const rows = [[5], [4]];
    const step = async (eta: number) =>
      (
        await samplerWith({ solver: ddim({ eta }) }, diffusionOf(0, 0.01)).denoise(
          request({ tokens: tensor([0], [1, 1, 1]), rows }),
        )
      ).data[0]!;
    expect(await step(0)).toBe(0);
    expect(Math.abs(await step(1))).toBeLessThanOrEqual(0.01);
    expect(await step(1)).not.toBe(0);
  });

  it("gives the model its condition", async () => {
    const condition = tensor([10, 20, 30], [1, 3, 1]);
    const rows = [
      [5, 5, 5],
      [0, 0, 0],
    ];
    const result = await samplerWith({}, diffusionOf(1)).denoise(request({ condition, rows }));
    expect([...result.data]).toEqual([10.5, 19, 31.5]);
    expect(await failure(() => samplerWith({}, diffusionOf(1)).denoise(request()))).toMatch(
      /^shape-mismatch: .*the condition is missing; the model takes float32\[1, 3, 1\]/,
    );
    expect(await failure(() => samplerWith().denoise(request({ condition })))).toMatch(
      /^shape-mismatch: .*the condition is float32\[1, 3, 1\]; the model takes none/,
    );
  });

  it("draws noise for the futures of a guidance, and gives it its inputs", async () => {
    const guidance: Guidance = {
      samples: 2,
      inputs: (batch) => ({ weight: { dtype: "float32", shape: [batch] } }),
      reward: (x0, { weight }) => mul(sum(square(square(x0)), [1, 2]), weight!),
    };
    const guided = (weight: number, seed: number) =>
      samplerWith({ guidance }).denoise(request({ seed, guidanceInputs: { weight: tensor([weight], [1]) } }));
    const unguided = [...(await samplerWith().denoise(request())).data];
    expect([...(await guided(0, 1)).data]).toEqual(unguided.map((value) => expect.closeTo(value, 5)));
    expect(Math.abs((await guided(-1, 1)).data[2]! - unguided[2]!)).toBeGreaterThan(0.01);
    expect(await guided(-1, 1)).toEqual(await guided(-1, 1));
    expect((await guided(-1, 2)).data).not.toEqual((await guided(-1, 1)).data);
  });

  it.each<[string, number[][], RegExp]>([
    [
      "too short",
      [
        [5, 5, 5],
        [4, 5],
      ],
      /row 1 has 2 entries; expected 3/,
    ],
    ["too long", [[5, 5, 5, 5]], /row 0 has 4 entries; expected 3/],
    [
      "rising",
      [
        [5, 5, 5],
        [4, 5, 5],
        [4, 4, 5],
        [4, 5, 5],
      ],
      /row 3, column 1 is 5; expected at most the 4 of row 2/,
    ],
    ["above S", [[5, 6, 5]], /row 0, column 1 is 6; .* the nearest legal is 5/],
    [
      "negative",
      [
        [5, 5, 5],
        [5, 5, -1],
      ],
      /row 1, column 2 is -1.*the nearest legal is 0\./,
    ],
    ["fractional", [[5, 4.5, 5]], /row 0, column 1 is 4.5/],
    ["not a number", [[Number.NaN, 5, 5]], /row 0, column 0 is NaN/],
  ])("refuses rows %s before it compiles anything", async (_what, rows, message) => {
    const { backend, counts } = countingBackend();
    const outcome = await failure(() => samplerWith({ backend }).denoise(request({ rows })));
    expect(outcome).toMatch(/^invalid-scheduling-matrix: /);
    expect(outcome).toMatch(message);
    expect(counts.compiled).toBe(0);
  });

  it("refuses a number of seeds other than one or the samples', and no seed", async () => {
    const seed = [createRandom(1), createRandom(2)];
    expect(await failure(() => samplerWith().denoise(request({ seed })))).toMatch(
      /^invalid-argument: denoise: 2 seeds for 1 samples/,
    );
    const { seed: _, ...without } = request();
    expect(await failure(() => samplerWith().denoise(without as DenoiseRequest))).toMatch(/^invalid-argument: .*seed/);
  });

  it("refuses guidance inputs that are not finite, in a rollout too", async () => {
    const guidance: Guidance = {
      samples: 1,
      inputs: (batch) => ({ goal: { dtype: "float32", shape: [batch] } }),
      reward: (clean, { goal }) => mul(sum(clean, [1, 2]), goal!),
    };
    const sampler = samplerWith({ guidance });
    const guidanceInputs = { goal: tensor([Number.NaN]) };
    const message = /^invalid-data: The guidance input "goal" holds NaN at element 0/;
    expect(await failure(() => sampler.denoise(request({ guidanceInputs })))).toMatch(message);
    const options = { length: 1, window: 2, seed: 0, guidanceInputs: () => guidanceInputs };
    expect(await failure(() => sampler.rollout(options).next())).toMatch(message);
  });

  it("refuses tokens of another type", async () => {
    const tokens = tensor([1, 2, 3], [3, 1]);
    expect(await failure(() => samplerWith().denoise(request({ tokens })))).toBe(
      "shape-mismatch: denoise: got float32[3, 1] for the tokens; expected float32[B, T, 1].",
    );
  });

  it("stops between steps when aborted", async () => {
    const controller = new AbortController();
    const steps: number[] = [];
    const walk = async () => {
      for await (const { step } of samplerWith().denoiseStream(request({ signal: controller.signal }))) {
        steps.push(step);
        if (step === 2) controller.abort();
      }
    };
    expect(await failure(walk)).toMatch(/^aborted: /);
    expect(steps).toEqual([1, 2]);
    expect(await failure(() => samplerWith().denoise(request({ signal: AbortSignal.abort() })))).toMatch(/^aborted: /);
  });
});

describe("executables", () => {
  it("are compiled once for each batch size and length, and disposed with the sampler", async () => {
    const { backend, counts } = countingBackend();
    const sampler = samplerWith({ backend });
    await sampler.warmup(1, 3);
    await sampler.denoise(request());
    await sampler.denoise(request({ tokens: tensor([4, 5, 6], [1, 3, 1]) }));
    expect(counts.compiled).toBe(1);
    await Promise.all([sampler.warmup(2, 3), sampler.warmup(2, 3), sampler.warmup(1, 2)]);
    expect(counts.compiled).toBe(3);
    await sampler.dispose();
    expect(counts.disposed).toBe(3);
  });

  it("of 200 lengths are kept only as many as there is room for, the last used ones", async () => {
    const { backend, counts } = countingBackend();
    const sampler = samplerWith({ backend });
    for (let length = 1; length <= 200; length++) {
      const rows = [new Int32Array(length).fill(5), new Int32Array(length).fill(0)];
      await sampler.denoise({ tokens: tensor(new Float32Array(length), [1, length, 1]), rows, seed: 0 });
    }
    expect(counts.compiled).toBe(200);
    // Room for 128 MiB, of which each takes a little more than one.
    expect(counts.compiled - counts.disposed).toBeLessThan(134);
    expect(counts.compiled - counts.disposed).toBeGreaterThan(100);
    await sampler.warmup(1, 200);
    expect(counts.compiled).toBe(200);
    await sampler.dispose();
    expect(counts.disposed).toBe(200);
    expect(await failure(() => sampler.sample({ length: 2, seed: 1 }))).toMatch(/^disposed: /);
  });

  it("are not remembered when they failed to compile", async () => {
    const { backend, counts } = countingBackend(1);
    const sampler = samplerWith({ backend });
    expect(await failure(() => sampler.warmup(1, 3))).toBe("not ours: Error: out of memory");
    expect([...(await sampler.denoise(request())).data].every(Number.isFinite)).toBe(true);
    expect(counts.compiled).toBe(2);
  });
});

describe("sequences on a device", () => {
  it("are freed as the walk goes on, and however it ends", async () => {
    const { backend, live, reads } = deviceStandIn();
    const sampler = samplerWith({ backend, solver: ddim({ eta: 1 }) });
    expect(await sampler.denoise(request())).toEqual(
      await samplerWith({ solver: ddim({ eta: 1 }) }).denoise(request()),
    );
    expect([live(), reads()]).toEqual([0, 1]);
    for await (const { step } of sampler.denoiseStream(request())) {
      expect(live()).toBe(1);
      if (step === 3) break;
    }
    expect(live()).toBe(0);
  });
});

describe("Sampler with DDPM", () => {
  it("takes any matrix, ends clean, and draws afresh for each seed", async () => {
    const sample = (seed: number, variance: number) =>
      samplerWith({ solver: ancestral({ variance }), stabilizationLevel: 2 }).denoise(request({ seed }));
    const [a, again, b, wide] = await Promise.all([sample(1, 0), sample(1, 0), sample(2, 0), sample(1, 1)]);
    expect(a.data).toEqual(again.data);
    expect(a.data).not.toEqual(b.data);
    expect(a.data).not.toEqual(wide.data);
    expect(a.data.every(Number.isFinite)).toBe(true);
  });
});
