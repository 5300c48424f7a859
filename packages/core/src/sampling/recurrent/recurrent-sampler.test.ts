import { describe, expect, it } from "vitest";
import type { Backend } from "../../engine/backend/contract.js";
import { isDiffusionForcingError } from "../../engine/errors.js";
import { sum } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { type HostTensor, tensor } from "../../engine/tensor/tensor.js";
import { initializeParameters } from "../../models/parameters.js";
import { recurrent } from "../../models/recurrent/index.js";
import { transformer } from "../../models/transformer/index.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import type { DiffusionProcess } from "../../process/loss.js";
import { deviceStandIn } from "../../testing/device-stand-in.js";
import { autoregressive, trapezoid } from "../matrix-shapes.js";
import type { RecurrentSamplerOptions, RecurrentState } from "./options.js";
import { RecurrentSampler } from "./recurrent-sampler.js";

const model = recurrent({ features: 2, stateSize: 4, width: 4, learnedInitialState: true });
const process: DiffusionProcess = {
  model,
  schedule: cosineSchedule(20),
  objective: "x0",
  lossWeighting: { kind: "uniform" },
  clipNoise: 6,
};
const parameters = initializeParameters(model, createRandom(1));

/** The reference backend, writing down the levels of every step. */
function recording(): { backend: Backend; steps: [number, number][]; compilations: () => number } {
  const reference = referenceBackend();
  const steps: [number, number][] = [];
  let compilations = 0;
  const backend: Backend = {
    ...reference,
    compile: async (graph, options) => {
      const executable = await reference.compile(graph, options);
      if (!graph.inputs.some(({ attributes }) => attributes.name === "from")) return executable;
      compilations++;
      return {
        ...executable,
        run: (inputs, runOptions) => {
          steps.push([(inputs.from as HostTensor).data[0] as number, (inputs.to as HostTensor).data[0] as number]);
          return executable.run(inputs, runOptions);
        },
      };
    },
  };
  return { backend, steps, compilations: () => compilations };
}

const samplerOf = (options: Partial<RecurrentSamplerOptions> = {}): RecurrentSampler =>
  new RecurrentSampler(process, { backend: referenceBackend(), parameters, steps: 2, ...options });

async function collect(
  sampler: RecurrentSampler,
  state: RecurrentState,
  length: number,
  more: object = {},
): Promise<{ values: number[]; state: RecurrentState }> {
  const values: number[] = [];
  let last = state;
  for await (const part of sampler.rollout(state, { length, random: createRandom(7), ...more })) {
    values.push(...part.tokens.data);
    last = part.state;
  }
  return { values, state: last };
}

async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return isDiffusionForcingError(error) ? `${error.code}: ${error.message}` : String(error);
  }
  return "succeeded";
}

describe("RecurrentSampler", () => {
  it("steps a token only as its column says, and reads it once it is clean", async () => {
    const { backend, steps, compilations } = recording();
    const sampler = samplerOf({ backend });
    await collect(sampler, await sampler.initialState(1), 2, { chunk: 2 });
    // Rows [2, 2], [1, 2], [0, 1], [0, 0] over levels 0, 10, 20.
    expect(steps).toEqual([
      [20, 10], // first token; the second need not be looked at
      [10, 0],
      [20, 10],
      [0, 0], // the first is read for good
      [10, 0],
      [0, 0],
    ]);
    expect(compilations()).toBe(1);
  });

  it("reads waiting tokens at the level they wait at, for those behind them", async () => {
    const { backend, steps } = recording();
    const sampler = samplerOf({ backend });
    await collect(sampler, await sampler.initialState(1), 3, { chunk: 3, matrix: trapezoid({ uncertainty: 2 }) });
    // The last token moves with the first: the middle one is read as noise.
    expect(steps.slice(0, 3)).toEqual([
      [20, 10],
      [20, 20],
      [20, 10],
    ]);
  });

  it("steps every token in every pass in the paper's way, and differently so", async () => {
    const { backend, steps } = recording();
    const official = samplerOf({ backend, compatibility: "official" });
    const start = await official.initialState(1);
    const { values } = await collect(official, start, 2, { chunk: 2 });
    expect(steps).toEqual([
      [20, 10],
      [20, 10],
      [10, 0],
      [20, 10],
      [10, 0],
      [10, 0],
      [10, 0],
      [10, 0],
    ]);
    const right = await collect(samplerOf(), start, 2, { chunk: 2 });
    expect(right.values).not.toEqual(values);
  });

  it.each([0, 1])("goes on from a stored state with the same bits, eta %d", async (eta) => {
    const sampler = samplerOf({ eta });
    const start = await sampler.initialState(2);
    const whole = await collect(sampler, start, 6, { chunk: 2 });
    const first = await collect(sampler, start, 2, { chunk: 2 });
    const { position, latent } = JSON.parse(
      JSON.stringify(first.state, (_, value) => (value instanceof Float32Array ? [...value] : value)),
    ) as { position: number; latent: { shape: number[]; data: number[] } };
    const stored: RecurrentState = { position, latent: tensor(latent.data, latent.shape) };
    const second = await collect(sampler, stored, 4, { chunk: 2 });
    // Chunks [B, 2, 2] one after the other.
    expect([...first.values, ...second.values]).toEqual(whole.values);
    expect(second.state).toEqual(whole.state);
  });

  it("keeps a state of the same size over thousands of tokens, with one executable", async () => {
    const { backend, compilations } = recording();
    const sampler = samplerOf({ backend, steps: 1 });
    let state = await sampler.initialState(1);
    for await (const part of sampler.rollout(state, { length: 3000, chunk: 1, random: createRandom(1) })) {
      state = part.state;
    }
    expect(state.position).toBe(3000);
    expect(state.latent.shape).toEqual([1, 4]);
    expect([...state.latent.data].every(Number.isFinite)).toBe(true);
    expect(compilations()).toBe(1);
  });

  it("observes like it reads what it generated", async () => {
    const sampler = samplerOf();
    const start = await sampler.initialState(1);
    const generated = await collect(sampler, start, 3);
    const { state, estimates } = await sampler.observe(start, { tokens: tensor(generated.values, [1, 3, 2]) });
    expect(state).toEqual(generated.state);
    expect(estimates.shape).toEqual([1, 3, 2]);
  });

  it("tells the state of clean tokens at the stabilisation level", async () => {
    const tokens = tensor([1, -1], [1, 1, 2]);
    const read = async (stabilizationLevel: number) => {
      const sampler = samplerOf({ stabilizationLevel });
      return [...(await sampler.observe(await sampler.initialState(1), { tokens })).state.latent.data];
    };
    expect(await read(1)).not.toEqual(await read(0));
    expect(await read(5)).not.toEqual(await read(1));
  });

  it("stops when aborted", async () => {
    const controller = new AbortController();
    const sampler = samplerOf();
    const rollout = sampler.rollout(await sampler.initialState(1), {
      length: Number.POSITIVE_INFINITY,
      random: createRandom(1),
      signal: controller.signal,
    });
    await rollout.next();
    controller.abort();
    expect(await failure(rollout.next())).toMatch(/^aborted/);
  });

  const guidance = { value: (x0: Value) => sum(x0, [1, 2]) };
  it.each<Partial<RecurrentSamplerOptions>>([
    {},
    { compatibility: "official" },
    { guidance: { ...guidance, samples: 2 }, eta: 1 },
    { guidance: { ...guidance, samples: 1 }, compatibility: "official" },
  ])("leaves nothing on the device, cut short or not: %j", async (options) => {
    const { backend, live } = deviceStandIn();
    let runsLeft = Number.POSITIVE_INFINITY;
    const failing: Backend = {
      ...backend,
      compile: async (graph, constants) => {
        const executable = await backend.compile(graph, constants);
        const run: typeof executable.run = (inputs) =>
          runsLeft-- > 0 ? executable.run(inputs) : Promise.reject(new Error("out of runs"));
        return { run, dispose: () => executable.dispose() };
      },
    };
    const sampler = samplerOf({ backend: failing, ...options });
    const start = await sampler.initialState(1);
    const context = { tokens: tensor([1, 2, 3, 4], [1, 2, 2]), random: createRandom(1) };
    const { state } = await sampler.observe(start, context);
    await collect(sampler, state, 4, { chunk: 2 });
    expect(live()).toBe(0);
    for (const runs of [1, 2, 3, 4, 5]) {
      runsLeft = runs;
      expect(await failure(collect(sampler, state, 4, { chunk: 2 }))).toBe("Error: out of runs");
      expect(live()).toBe(0);
    }
    runsLeft = 1;
    expect(await failure(sampler.observe(start, context))).toBe("Error: out of runs");
    expect(live()).toBe(0);
  });

  it("names what does not fit", async () => {
    const sampler = samplerOf();
    const start = await sampler.initialState(1);
    const wrong = { position: 0, latent: tensor([1, 2, 3], [1, 3]) };
    expect(await failure(collect(sampler, wrong, 1))).toMatch(/state is float32\[1, 3\]; expected float32\[B, 4\]/);
    expect(await failure(collect(sampler, start, -1))).toMatch(/length -1/);
    expect(await failure(collect(sampler, start, 1, { chunk: 0.5 }))).toMatch(/chunk 0.5/);
    const condition = () => tensor([1], [1, 1, 1]);
    expect(await failure(collect(sampler, start, 1, { condition }))).toMatch(/condition is .*; expected none/);
    const tokens = tensor([1, 2, 3], [1, 1, 3]);
    expect(await failure(sampler.observe(start, { tokens }))).toMatch(/tokens are float32\[1, 1, 3\]/);
    expect(() => samplerOf({ eta: 2 })).toThrow(/eta 2/);
    expect(() => samplerOf({ stabilizationLevel: 21 })).toThrow(/stabilizationLevel 21/);
    const windowed = { ...process, model: transformer({ features: 2, width: 8, layers: 1, heads: 2 }) };
    expect(() => new RecurrentSampler(windowed, { backend: referenceBackend(), parameters })).toThrow(
      /"transformer" remembers 3 tensors; expected one that remembers a state/,
    );
    await sampler.dispose();
    expect(await failure(collect(sampler, start, 1, { matrix: autoregressive() }))).toMatch(/^disposed/);
  });
});
