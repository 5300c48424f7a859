import { describe, expect, it } from "vitest";
import { decodeTrainingState, encodeTrainingState } from "../bundle/training-checkpoint.js";
import type { Diffusion } from "../diffusion/diffusion.js";
import type { Backend } from "../engine/backend/contract.js";
import { referenceBackend } from "../engine/reference/index.js";
import { type HostTensor, isHostTensor, tensor } from "../engine/tensor/tensor.js";
import { transformer } from "../models/transformer/index.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { deviceStandIn } from "../testing/device-stand-in.js";
import { failure } from "../testing/fixtures/failure.js";
import type { BatchSource } from "./batch.js";
import type { TrainingOptions } from "./options.js";
import type { TrainingState } from "./state.js";
import { trainStream } from "./train.js";

const diffusion: Diffusion = {
  // Of a ramp the place in the window tells everything.
  model: transformer({ features: 1, width: 8, layers: 1, heads: 2, feedForward: 8, positions: "sinusoidal" }),
  process: variancePreserving(cosineSchedule(20), { objective: "v", noiseClip: 6 }),
  lossWeighting: { kind: "min-snr", clip: 5 },
};
/** Four ramps of three tokens, up or down. */
const ramps: BatchSource = (_step, random) => {
  const signs = [0, 1, 2, 3].map(() => 2 * random.integer(0, 2) - 1);
  return {
    tokens: tensor(
      signs.flatMap((sign) => [-sign, 0, sign]),
      [4, 3, 1],
    ),
  };
};
const options = (more: Partial<TrainingOptions> = {}): TrainingOptions => ({
  backend: referenceBackend(),
  batches: ramps,
  steps: 6,
  seed: 5,
  optimizer: { learningRate: 0.01 },
  learningRate: { kind: "cosine", warmupSteps: 2 },
  ...more,
});

/** Every loss, and the state after the last step. */
async function runAll(given: TrainingOptions): Promise<{ losses: number[]; state: TrainingState }> {
  const losses: number[] = [];
  let state: TrainingState | undefined;
  for await (const { step, loss, snapshot } of trainStream(diffusion, given)) {
    losses.push(loss);
    if (step === given.steps) state = await snapshot();
  }
  return { losses, state: state! };
}

describe("train", () => {
  it("lowers the loss", async () => {
    const rising: BatchSource = () => ({
      tokens: tensor(
        [0, 1, 2, 3].flatMap(() => [-1, 0, 1]),
        [4, 3, 1],
      ),
    });
    const { losses } = await runAll(options({ batches: rising, steps: 60, optimizer: { learningRate: 0.02 } }));
    const mean = (part: number[]) => part.reduce((a, b) => a + b) / part.length;
    expect(mean(losses.slice(-10))).toBeLessThan(0.5 * mean(losses.slice(0, 10)));
  });

  it("reports step, learning rate and, with clipping, the gradient's norm before it", async () => {
    const seen: unknown[] = [];
    for await (const { step, steps, learningRate, gradientNorm } of trainStream(diffusion, options({ steps: 4 }))) {
      seen.push([step, steps, learningRate, gradientNorm! > 0]);
    }
    // Warm-up to 0.01 over two steps, then half a cosine down to 0.
    expect(seen).toEqual([1, 2, 3, 4].map((step, i) => [step, 4, [0.005, 0.01, expect.closeTo(0.005, 9), 0][i], true]));
    for await (const progress of trainStream(diffusion, options({ steps: 1, maxGradNorm: false }))) {
      expect("gradientNorm" in progress).toBe(false);
    }
  });

  it("draws parameters, data, noise and levels of a seed as in every release", async () => {
    const { losses } = await runAll(options({ steps: 3 }));
    expect(losses).toEqual([0.4193504, 0.092795, 0.459507].map((value) => expect.closeTo(value, 4)));
  });

  it("gives the same bits for the same seed, others for another", async () => {
    const first = await runAll(options());
    expect(await runAll(options())).toEqual(first);
    expect((await runAll(options({ seed: 6 }))).losses[0]).not.toBe(first.losses[0]);
  });

  it("compiles each batch shape once, whatever their order", async () => {
    const backend = referenceBackend();
    let compiled = 0;
    const counting: Backend = {
      ...backend,
      compile: (...given) => {
        compiled++;
        return backend.compile(...given);
      },
    };
    const batches: BatchSource = (step) => {
      const length = step % 2 === 0 ? 2 : 3;
      const tokens = tensor(new Float32Array(2 * length), [2, length, 1]);
      return step > 4 ? { tokens, lossMask: tensor([1], [1, 1, 1]) } : { tokens };
    };
    const { losses } = await runAll(options({ backend: counting, batches, steps: 8 }));
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(compiled).toBe(4);
  });

  it("takes the levels a batch brings", async () => {
    const levelsOf = (level: number): BatchSource => {
      const noiseLevels = tensor(new Int32Array(12).fill(level), [4, 3]);
      return async (step, random) => ({ ...(await ramps(step, random)), noiseLevels });
    };
    const lossAt = async (level: number) => (await runAll(options({ steps: 1, batches: levelsOf(level) }))).losses[0]!;
    // Min-SNR weight of v at level 0: 5 / (infinity + 1).
    expect(await lossAt(0)).toBeLessThan(1e-9);
    expect(await lossAt(10)).toBeGreaterThan(0.01);
  });
});

describe("moving average", () => {
  const states = async (emaDecay: number | false): Promise<TrainingState[]> => {
    const found: TrainingState[] = [];
    for await (const { snapshot } of trainStream(diffusion, options({ steps: 2, emaDecay })))
      found.push(await snapshot());
    return found;
  };

  it("follows the parameters by its decay, as far as it is warmed up, and does not change them", async () => {
    const [first, second] = (await states(0.75)) as [TrainingState, TrainingState];
    const at = (state: TrainingState, group: "parameters" | "ema") => state[group]!["output.bias"]!.data[0]!;
    expect(at(second, "ema")).toBeCloseTo(0.25 * at(first, "ema") + 0.75 * at(second, "parameters"), 6); // (1 + 2) / (10 + 2)
    const [one, two] = (await states(0.2)) as [TrainingState, TrainingState];
    expect(at(two, "ema")).toBeCloseTo(0.2 * at(one, "ema") + 0.8 * at(two, "parameters"), 6);
    const [, without] = (await states(false)) as [TrainingState, TrainingState];
    expect("ema" in without).toBe(false);
    expect(without.parameters).toEqual(second.parameters);
  });
});

describe("resuming", () => {
  const stopAfter = async (step: number, given: TrainingOptions): Promise<TrainingState> => {
    for await (const progress of trainStream(diffusion, given)) {
      if (progress.step === step) return decodeTrainingState(encodeTrainingState(await progress.snapshot()));
    }
    throw new Error(`The run ended before step ${step}.`);
  };

  it.each([0.9, false] as const)("ends in the bits of an uninterrupted run, emaDecay %s", async (emaDecay) => {
    const straight = await runAll(options({ emaDecay }));
    const resume = await stopAfter(2, options({ emaDecay }));
    const { losses, state } = await runAll(options({ emaDecay, resume }));
    expect(losses).toEqual(straight.losses.slice(2));
    expect(state).toEqual(straight.state);
  });

  it("does not touch the state it was given", async () => {
    const resume = await stopAfter(2, options());
    const before = encodeTrainingState(resume);
    await runAll(options({ resume, backend: reusingBackend() }));
    expect(encodeTrainingState(resume)).toEqual(before);
  });

  it("refuses a state of another seed, model or averaging before the first step", async () => {
    const resume = await stopAfter(1, options());
    expect(await failure(() => runAll(options({ resume, seed: 6 })))).toMatch(/^checkpoint-mismatch: .* seed 5/);
    expect(await failure(() => runAll(options({ resume, emaDecay: false })))).toMatch(
      /^checkpoint-mismatch: .* moving average/,
    );
    const wider = { ...diffusion, model: transformer({ features: 1, width: 16, layers: 1, heads: 2 }) };
    expect(await failure(() => trainStream(wider, options({ resume })).next())).toMatch(
      /^checkpoint-mismatch: .*model.width 8, the run has 16/,
    );
  });
});

describe("checkpoints", () => {
  async function savedSteps(given: Partial<TrainingOptions>, every: number): Promise<number[]> {
    const saved: number[] = [];
    const save = (state: TrainingState) => void saved.push(state.step);
    await runAll(options({ ...given, checkpoint: { every, save } }));
    return saved;
  }

  it("come every so many steps and after the last, none twice", async () => {
    expect(await savedSteps({ steps: 7 }, 3)).toEqual([3, 6, 7]);
    expect(await savedSteps({ steps: 6 }, 3)).toEqual([3, 6]);
    expect(await savedSteps({ steps: 2 }, 100)).toEqual([2]);
  });

  it("hold the state after their step", async () => {
    const saved: TrainingState[] = [];
    const save = async (state: TrainingState) => void saved.push(state);
    const { state } = await runAll(options({ steps: 4, checkpoint: { every: 4, save } }));
    expect(saved).toEqual([state]);
  });

  it("are saved once more on abort, which then throws", async () => {
    const controller = new AbortController();
    const saved: number[] = [];
    const save = (state: TrainingState) => void saved.push(state.step);
    const steps: number[] = [];
    const run = async () => {
      const given = options({ steps: 9, signal: controller.signal, checkpoint: { every: 2, save } });
      for await (const { step } of trainStream(diffusion, given)) {
        steps.push(step);
        if (step === 3) controller.abort();
      }
    };
    expect(await failure(run)).toMatch(/^aborted: /);
    expect(steps).toEqual([1, 2, 3]);
    expect(saved).toEqual([2, 3]);
  });

  it("are not saved by a run aborted before its first step", async () => {
    const saved: number[] = [];
    const save = (state: TrainingState) => void saved.push(state.step);
    const given = options({ signal: AbortSignal.abort(), checkpoint: { every: 1, save } });
    expect(await failure(() => runAll(given))).toMatch(/^aborted: /);
    expect(saved).toEqual([]);
  });
});

describe("failures", () => {
  const savedUntil = async (given: Partial<TrainingOptions>): Promise<{ outcome: string; saved: TrainingState[] }> => {
    const saved: TrainingState[] = [];
    const save = (state: TrainingState) => void saved.push(state);
    return { outcome: await failure(() => runAll(options({ ...given, checkpoint: { every: 1, save } }))), saved };
  };

  it("stops at a loss that is not finite, with the checkpoint before it", async () => {
    const { outcome, saved } = await savedUntil({
      optimizer: { learningRate: 1e30, weightDecay: 0 },
      learningRate: { kind: "constant" },
    });
    expect(outcome).toMatch(/^non-finite-loss: The loss became (Infinity|NaN) at step 2 \(learning rate 1e\+30\)/);
    expect(saved.map(({ step }) => step)).toEqual([1]);
    const values = Object.values(saved[0]!.parameters).flatMap(({ data }) => [...data]);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  it("saves no state that an overflowing gradient has spoilt, though the loss was still finite", async () => {
    const lossMask = tensor([1e25], [1]);
    const batches: BatchSource = async (step, random) => ({ ...(await ramps(step, random)), lossMask });
    const { outcome, saved } = await savedUntil({ batches, maxGradNorm: false, loss: { denominator: () => 1 } });
    expect(outcome).toMatch(/^non-finite-loss: After step 1, .* holds Infinity: a gradient overflowed/);
    expect(saved).toEqual([]);
  });

  it("refuses data that is not finite, and batches the model does not take", async () => {
    const batches: BatchSource = (step) => ({ tokens: tensor([0, step === 3 ? Number.NaN : 1], [1, 2, 1]) });
    const { outcome, saved } = await savedUntil({ batches });
    expect(outcome).toMatch(/^invalid-data: The batch's tokens hold NaN at element 1/);
    expect(saved.map(({ step }) => step)).toEqual([1, 2]);
    const wide: BatchSource = () => ({ tokens: tensor([0, 1], [1, 1, 2]) });
    expect(await failure(() => runAll(options({ batches: wide })))).toMatch(/^shape-mismatch: .*float32\[1, 1, 2\]/);
    const high: BatchSource = () => ({
      tokens: tensor([0], [1, 1, 1]),
      noiseLevels: tensor(Int32Array.of(21), [1, 1]),
    });
    expect(await failure(() => runAll(options({ batches: high })))).toMatch(/^invalid-noise-levels: Noise level 21 /);
  });
});

/** The reference backend, writing outputs into the tensors it is allowed to overwrite. */
function reusingBackend(): Backend {
  const inner = referenceBackend();
  return {
    ...inner,
    compile: async (graph, compileOptions) => {
      const executable = await inner.compile(graph, compileOptions);
      const run: typeof executable.run = async (inputs, runOptions) => {
        const outputs = await executable.run(inputs);
        for (const [name, spare] of Object.entries(runOptions?.reuse ?? {})) {
          if (!isHostTensor(spare) || Object.values(inputs).includes(spare)) throw new Error(`${name} is in use.`);
          spare.data.set((outputs[name] as HostTensor).data);
          outputs[name] = spare;
        }
        return outputs;
      };
      return { run, dispose: () => executable.dispose() };
    },
  };
}

describe("state between steps", () => {
  it("may be overwritten in place, two sets in turn, without changing a bit or an earlier snapshot", async () => {
    const snapshots: TrainingState[][] = [];
    for (const backend of [referenceBackend(), reusingBackend()]) {
      const taken: TrainingState[] = [];
      for await (const { snapshot } of trainStream(diffusion, options({ backend }))) taken.push(await snapshot());
      snapshots.push(taken);
    }
    expect(snapshots[1]).toEqual(snapshots[0]);
  });

  it("may stay on a device, and is freed however the run ends", async () => {
    const { backend, live } = deviceStandIn();
    expect(await runAll(options({ backend }))).toEqual(await runAll(options()));
    expect(live()).toBe(0);
    for await (const { step } of trainStream(diffusion, options({ backend }))) if (step === 2) break;
    expect(live()).toBe(0);
    const diverging = { optimizer: { learningRate: 1e30 }, learningRate: { kind: "constant" } } as const;
    expect(await failure(() => runAll(options({ backend, ...diverging })))).toMatch(/^non-finite-loss/);
    expect(live()).toBe(0);
  });
});
