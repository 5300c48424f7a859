import { describe, expect, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import { mul } from "../engine/graph/operations.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { type HostTensor, tensor, zeros } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { transformer } from "../models/transformer/index.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import type { TrainingOptions } from "./options.js";
import type { TrainingState } from "./state.js";
import { train, trainStream } from "./train.js";
import { trainableDiffusion } from "./trainable-diffusion.js";

const process = variancePreserving(cosineSchedule(20), { noiseClip: 6 });
const predictingClean = variancePreserving(cosineSchedule(20), { noiseClip: 6, objective: "x0" });
const diffusion: Diffusion = {
  model: transformer({ positions: "rotary", features: 1, width: 8, layers: 2, heads: 2, feedForward: 8 }),
  process,
  lossWeighting: { kind: "min-snr", clip: 5 },
};
const ramps = { tokens: tensor([-1, 0, 1, 1, 0, -1, 0, 1, 2, 2, 1, 0], [4, 3, 1]) };
const options = (more: Partial<TrainingOptions> = {}): TrainingOptions => ({
  backend: referenceBackend(),
  batches: () => ramps,
  steps: 4,
  optimizer: { learningRate: 0.01 },
  ...more,
});
const flat = (record: Readonly<Record<string, HostTensor>>) => Object.values(record).flatMap(({ data }) => [...data]);
const close = (values: number[]) => values.map((value) => expect.closeTo(value, 4));

describe("accumulate", () => {
  it.each([2, 4])("in %i parts gives what the whole batch gives, to rounding, masks included", async (accumulate) => {
    const lossMask = tensor([1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1], [4, 3, 1]);
    const batches = () => ({ ...ramps, lossMask });
    const whole = await train(diffusion, options({ batches }));
    const parts = await train(diffusion, options({ batches, accumulate }));
    expect(parts.losses).toEqual(close([...whole.losses]));
    expect(flat(parts.state.parameters)).toEqual(close(flat(whole.state.parameters)));
  });

  it("refuses a batch that does not fall into equal parts", async () => {
    await expect(train(diffusion, options({ accumulate: 3 }))).rejects.toThrow("the batch has 4 sequences");
  });
});

it("rematerialize changes no more than rounding does", async () => {
  const plain = await train(diffusion, options());
  const again = await train(diffusion, options({ rematerialize: true }));
  expect(again.losses).toEqual(close([...plain.losses]));
});

describe("evaluate", () => {
  it("gives the loss of held batches with the same levels and noise each time", async () => {
    const evaluate = { every: 2, batches: [ramps] };
    const still = options({ evaluate, optimizer: { learningRate: 0 } });
    const { evaluations } = await train(diffusion, still);
    expect(evaluations.map(({ step }) => step)).toEqual([2, 4]);
    expect(evaluations[1]!.loss).toBe(evaluations[0]!.loss);
  });

  it("comes every so many steps and after the last, by the moving average where one is kept", async () => {
    const evaluationsOf = async (emaDecay: number | false) => {
      const given = options({ evaluate: { every: 2, batches: [ramps] }, steps: 3, emaDecay });
      return (await train(diffusion, given)).evaluations;
    };
    const [averaged, plain] = [await evaluationsOf(0.9999), await evaluationsOf(false)];
    expect(averaged.map(({ step }) => step)).toEqual([2, 3]);
    expect(averaged[1]!.loss).not.toBeCloseTo(plain[1]!.loss, 4);
  });

  it("draws levels and noise of its own for each batch", async () => {
    const lossOf = async (batches: (typeof ramps)[]) => {
      const evaluate = { every: 4, batches };
      const { evaluations } = await train(diffusion, options({ evaluate, optimizer: { learningRate: 0 } }));
      return evaluations[0]!.loss;
    };
    const [once, twice] = [await lossOf([ramps]), await lossOf([ramps, ramps])];
    expect(Math.abs(twice - once)).toBeGreaterThan(1e-3 * once);
  });

  it("stops when it is out of patience, with the weights of the best, resumed or not", async () => {
    const scores = [3, 1, 2, 2, 0];
    const evaluate = { every: 1, patience: 2, run: (_: unknown, step: number) => scores[step - 1]! };
    const straight = await train(diffusion, options({ steps: 5, evaluate }));
    expect(straight.losses.length).toBe(4);
    expect(straight.state.best).toMatchObject({ step: 2, loss: 1, misses: 2 });
    expect(straight.parameters).toMatchObject(straight.state.best!.parameters);
    let resume: TrainingState | undefined;
    for await (const progress of trainStream(diffusion, options({ steps: 5, evaluate }))) {
      if (progress.step === 3) resume = await progress.snapshot();
    }
    const resumed = await train(diffusion, options({ steps: 5, evaluate, resume: resume! }));
    expect(resumed.state).toEqual(straight.state);
  });
});

/** Answers its weight times what it sees; the bias does nothing. */
const scaling: Model = {
  config: { kind: "scaling" },
  tokenShape: [1],
  conditionFeatures: 0,
  parameters: {
    w: { shape: [1, 1], initializer: { kind: "ones" } },
    bias: { shape: [1], initializer: { kind: "ones" } },
  },
  apply: ({ w }, { tokens }) => mul(tokens, w!),
};

describe("weight decay", () => {
  it("follows the scheduled rate, and leaves biases alone", async () => {
    // Clean zeros at level 0 have no gradient: only the decay moves w, by the factor 1 - 0.1 f 0.5 with f = 0.5, 1.
    const noiseLevels = tensor(Int32Array.of(0, 0), [1, 2]);
    const { state } = await train(
      { ...diffusion, model: scaling, process: predictingClean },
      options({
        batches: () => ({ tokens: zeros("float32", [1, 2, 1]), noiseLevels }),
        steps: 2,
        optimizer: { learningRate: 0.1, weightDecay: 0.5 },
        learningRate: { kind: "constant", warmupSteps: 2 },
      }),
    );
    expect(state.parameters.w!.data[0]).toBeCloseTo(0.975 * 0.95, 6);
    expect(state.parameters.bias!.data[0]).toBe(1);
  });
});

it("keeps the range of all batches, those before a resumed state too", async () => {
  const batches = (step: number) => ({ tokens: tensor([step, -step, 0], [1, 3, 1]) });
  const falling = (step: number) => batches(4 - step);
  const { state } = await train(diffusion, options({ batches: falling, steps: 2 }));
  expect([state.range!.minimum.data[0], state.range!.maximum.data[0]]).toEqual([-3, 3]);
  const { state: later } = await train(diffusion, options({ batches: falling, steps: 3, resume: state }));
  expect([later.range!.minimum.data[0], later.range!.maximum.data[0]]).toEqual([-3, 3]);
});

it("limits the noise of training", () => {
  const process = variancePreserving(cosineSchedule(20), { noiseClip: 0.5 });
  const { inputs } = trainableDiffusion({ ...diffusion, process });
  const noise = inputs({ tokens: zeros("float32", [4, 50, 1]) }, createRandom(0)).noise!.data as Float32Array;
  expect([Math.max(...noise), Math.min(...noise)]).toEqual([0.5, -0.5]);
});

describe("what a run tells", () => {
  it("logs every step, its validation with it, and waits for the log", async () => {
    const logged: unknown[] = [];
    let open = 0;
    const log = async (metrics: object) => {
      expect(open++).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 1));
      logged.push(metrics);
      open--;
    };
    const evaluate = { every: 2, run: (_: unknown, step: number) => 10 * step };
    const { losses, evaluations } = await train(diffusion, options({ steps: 3, log, evaluate, maxGradNorm: false }));
    const rate = { learningRate: 0.01 };
    expect(logged).toEqual([
      { step: 1, loss: losses[0], ...rate },
      { step: 2, loss: losses[1], ...rate, validationLoss: 20 },
      { step: 3, loss: losses[2], ...rate, validationLoss: 30 },
    ]);
    expect(evaluations).toEqual([
      { step: 2, loss: 20 },
      { step: 3, loss: 30 },
    ]);
  });

  it("holds a best only with patience", async () => {
    const evaluate = { every: 1, run: () => 1 };
    const { state } = await train(diffusion, options({ steps: 2, evaluate }));
    expect(Object.keys(state).sort()).toEqual(
      ["ema", "first", "parameters", "range", "second", "seed", "step", "subject"].sort(),
    );
    const patient = await train(diffusion, options({ steps: 2, evaluate: { ...evaluate, patience: 5 } }));
    expect(patient.state.best).toMatchObject({ step: 1, loss: 1, misses: 1 });
  });

  it("refuses to take the state of a step that is past", async () => {
    const progress = [];
    for await (const one of trainStream(diffusion, options({ steps: 2 }))) {
      progress.push(one);
      if (one.step === 2) {
        await expect(progress[0]!.snapshot()).rejects.toThrow(
          "snapshot: the state after step 1 is gone, training is at step 2",
        );
        expect((await one.snapshot()).step).toBe(2);
      }
    }
  });

  it("is aborted while a batch takes its time, and a model without parameters is not trained", async () => {
    const controller = new AbortController();
    const batches = (): Promise<never> => {
      controller.abort();
      return new Promise(() => {});
    };
    const run = train(diffusion, options({ batches, signal: controller.signal }));
    await expect(run).rejects.toMatchObject({ code: "aborted" });
    const fixed = { ...diffusion, model: { ...diffusion.model, parameters: {} } };
    await expect(train(fixed, options({}))).rejects.toThrow("the model has no parameters; there is nothing to train");
  });

  it("is aborted between two steps without a checkpoint too", async () => {
    const controller = new AbortController();
    const log = ({ step }: { step: number }) => void (step === 2 && controller.abort());
    const run = train(diffusion, options({ log, signal: controller.signal }));
    await expect(run).rejects.toMatchObject({ code: "aborted" });
  });

  it("is aborted between two parts of a step", async () => {
    const controller = new AbortController();
    const inner = referenceBackend();
    let runs = 0;
    const backend = {
      ...inner,
      compile: async (...given: Parameters<typeof inner.compile>) => {
        const executable = await inner.compile(...given);
        const run = (...inputs: Parameters<typeof executable.run>) => {
          controller.abort();
          runs++;
          return executable.run(...inputs);
        };
        return { ...executable, run };
      },
    };
    const run = train(diffusion, options({ backend, accumulate: 2, signal: controller.signal }));
    await expect(run).rejects.toMatchObject({ code: "aborted" });
    expect(runs).toBe(1);
  });

  it("says at a loss that is not finite what may help: a limit of gradients only where there is none", async () => {
    const rising = { learningRate: () => 1, optimizer: { learningRate: 1e30, weightDecay: 0 } };
    const end = "or look for outliers in the data and the loss mask.";
    await expect(train(diffusion, options({ ...rising, maxGradNorm: false }))).rejects.toThrow(
      `go on from it with a lower learning rate or limit gradients by maxGradNorm, ${end}`,
    );
    await expect(train(diffusion, options(rising))).rejects.toThrow(`with a lower learning rate, ${end}`);
  });
});

describe("what a run starts from", () => {
  it("may be weights, which stay as they are where nothing learns", async () => {
    const { state } = await train(diffusion, options({ steps: 1, seed: 1 }));
    const optimizer = { learningRate: 0 };
    const { state: next } = await train(diffusion, options({ steps: 1, optimizer, parameters: state.parameters }));
    expect(next.parameters).toEqual(state.parameters);
  });

  it("may be a run that is over, which takes no step", async () => {
    const whole = await train(diffusion, options({ steps: 2 }));
    const again = await train(diffusion, options({ steps: 2, resume: whole.state }));
    expect(again).toEqual({ ...whole, losses: [], evaluations: [] });
  });

  it("may be a stream, whose key the state keeps", async () => {
    const seed = createRandom(3).split("run");
    const first = await train(diffusion, options({ seed }));
    expect(first.state.seed).toEqual(seed.state().key);
    expect((await train(diffusion, options({ seed: createRandom(3).split("run") }))).state).toEqual(first.state);
  });

  it("is refused with another objective, without moments, and after JSON", async () => {
    const { state } = await train(diffusion, options({ steps: 1 }));
    const failing = (more: Partial<TrainingOptions>, other = diffusion) => expect(train(other, options(more))).rejects;
    await failing({ resume: state }, { ...diffusion, process: predictingClean }).toThrow('process.objective "v"');
    await failing({ resume: { step: 1, parameters: state.parameters } as never }).toThrow("moments");
    await failing({ resume: JSON.parse(JSON.stringify(state)) as TrainingState }).toThrow("encodeTrainingState");
  });
});
