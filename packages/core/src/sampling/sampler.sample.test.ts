import { describe, expect, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import type { Backend } from "../engine/backend/contract.js";
import { mul, sum } from "../engine/graph/operations.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { bayesianFlow } from "../process/bayesian-flow/continuous.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { failure } from "../testing/fixtures/failure.js";
import type { Guidance } from "./guidance/gradient.js";
import { autoregressive, pyramid, schedulingMatrix } from "./plan/matrix-shapes.js";
import type { SampleOptions } from "./request.js";
import { Sampler, type SamplerOptions } from "./sampler.js";
import { ddim } from "./solvers/ddim.js";
import { euler } from "./solvers/euler.js";

/** Answers w times what it sees. */
function diffusionOf(): Diffusion {
  const model: Model = {
    config: { kind: "scaling" },
    tokenShape: [1],
    conditionFeatures: 0,
    parameters: { w: { shape: [1], initializer: { kind: "ones" } } },
    apply: ({ w }, { tokens }) => mul(tokens, w!),
  };
  const process = variancePreserving(cosineSchedule(50), { objective: "x0", limit: { kind: "none" } });
  return { model, process, lossWeighting: { kind: "uniform" } };
}
const parameters = { w: tensor([0.5]) };
const samplerWith = (options: Partial<SamplerOptions> = {}, diffusion = diffusionOf()) =>
  new Sampler(diffusion, { backend: referenceBackend(), parameters, timesteps: 5, stabilizationLevel: 0, ...options });
/** The reference backend, with a count of what was compiled. */
function countingBackend() {
  const inner = referenceBackend();
  const counts = { compiled: 0 };
  const backend: Backend = {
    ...inner,
    compile: (graph, options) => {
      counts.compiled++;
      return inner.compile(graph, options);
    },
  };
  return { backend, counts };
}

describe("sample", () => {
  const options = (more: Partial<SampleOptions> = {}): SampleOptions => ({ length: 3, seed: 5, batch: 2, ...more });
  const solver = ddim({ eta: 1 });

  it("is the last that sampleStream reads, of as many steps as the matrix has", async () => {
    const given = options({ context: tensor([1, -2], [2, 1, 1]), matrix: pyramid() });
    const seen: number[] = [];
    let last: unknown;
    for await (const { step, steps, evaluations, read } of samplerWith({ solver }).sampleStream(given)) {
      seen.push(step);
      expect([steps, evaluations]).toEqual([7, step]);
      last = await read();
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const sampled = await samplerWith({ solver }).sample(given);
    expect(sampled).toEqual(last);
    expect(sampled.shape).toEqual([2, 4, 1]);
    expect([sampled.data[0], sampled.data[4]]).toEqual([1, -2]);
  });

  it("gives a sample of a seed of its own what it gets in any batch", async () => {
    const sampler = samplerWith({ solver });
    const three = await sampler.sample(options({ batch: 3, seed: [5, createRandom(7), 6] }));
    const alone = await sampler.sample(options({ batch: 1, seed: 7 }));
    expect([...three.data.slice(3, 6)]).toEqual([...alone.data]);
    expect(await sampler.sample(options({ batch: 3, seed: 7 }))).not.toEqual(three);
  });

  it("takes a matrix of one's own", async () => {
    const matrix = (steps: number, tokens: number) => schedulingMatrix(autoregressive(), steps, tokens);
    const own = await samplerWith({ solver }).sample(options({ matrix }));
    expect(own).toEqual(await samplerWith({ solver }).sample(options({ matrix: autoregressive() })));
  });

  it("defaults to 50 timesteps, or to the levels there are, and to a hundredth of the levels", () => {
    const sampler = new Sampler(diffusionOf(), { backend: referenceBackend(), parameters });
    expect([sampler.timesteps, sampler.walker.options.stabilizationLevel]).toEqual([50, 1]);
    expect(sampler.walker.options.solver.config.kind).toBe("ddim");
  });

  it("counts the evaluations of a step", () => {
    const reward: Guidance["reward"] = (x0) => sum(x0, [1, 2]);
    const scores = [{ weight: 2 }, { weight: -1, condition: "null" as const }];
    expect(samplerWith().evaluationsPerStep).toBe(1);
    expect(samplerWith({ guidance: { reward } }).evaluationsPerStep).toBe(5);
    expect(samplerWith({ guidance: { reward, samples: 1 }, scores }).evaluationsPerStep).toBe(2);
  });

  it.each<[string, object, RegExp]>([
    ["no seed", { seed: undefined }, /^invalid-argument: .*seed/],
    ["a word for a seed", { seed: "7" }, /^invalid-argument: .*seed is "7"/],
    ["two seeds for three samples", { seed: [1, 2], batch: 3 }, /^invalid-argument: .*2 seeds for 3 samples/],
    ["an unknown option", { steps: 3 }, /^invalid-argument: .*steps/],
    ["no length", { length: 0 }, /^invalid-argument: .*length/],
    ["half a sequence", { batch: 1.5 }, /^invalid-argument: .*batch/],
    ["a context that holds NaN", { context: tensor([1, Number.NaN], [2, 1, 1]) }, /^invalid-data: .*context.* NaN/],
    ["a context of another shape", { context: tensor([1, 2], [2, 1]) }, /^shape-mismatch: .*context/],
    ["another batch than the context's", { context: tensor([1], [1, 1, 1]) }, /^shape-mismatch: .*batch is 2/],
    ["a condition of an unconditioned model", { condition: tensor([1], [1, 1, 1]) }, /^shape-mismatch: .*takes none/],
    ["a matrix of a wrong kind", { matrix: { kind: "spiral" } }, /^invalid-scheduling-matrix: .*"spiral"/],
    ["a matrix that is none", { matrix: 3 }, /^invalid-argument: .*matrix/],
    [
      "a matrix of other tokens",
      { matrix: (steps: number) => schedulingMatrix(pyramid(), steps, 2) },
      /^invalid-scheduling-matrix: .*2 tokens; expected 5 and 3/,
    ],
    [
      "a matrix that ends noisy",
      { matrix: () => ({ steps: 5, tokens: 3, rows: [Int32Array.of(5, 5, 5), Int32Array.of(0, 0, 1)] }) },
      /^invalid-scheduling-matrix: /,
    ],
  ])("refuses %s", async (_what, more, message) => {
    const { backend, counts } = countingBackend();
    const outcome = await failure(() => samplerWith({ backend }).sample({ ...options(), ...more } as SampleOptions));
    expect(outcome).toMatch(message);
    expect(counts.compiled).toBe(0);
  });

  it("refuses solvers of a path for processes without one, and samples those by the process's own law", async () => {
    const flow = { ...diffusionOf(), process: bayesianFlow({ levels: 20 }) };
    expect(await failure(() => samplerWith({ solver: euler() }, flow))).toMatch(
      /^invalid-argument: .*euler.*ancestral/,
    );
    const sampler = samplerWith({}, flow);
    expect(sampler.walker.options.solver.config.kind).toBe("ancestral");
    expect((await sampler.sample(options())).data.every((value) => Math.abs(value) <= 1)).toBe(true);
  });
});
