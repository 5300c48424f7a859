import type { Backend } from "../engine/backend/contract.js";
import { type Probe, probeBackend } from "../engine/backend/selection/index.js";
import { matmul } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { disposeTensor } from "../engine/tensor/tensor.js";
import { diffusionForcing } from "../forcing.js";
import { transformer } from "../models/transformer/index.js";
import { cosineSchedule } from "../process/index.js";
import { drawTensor } from "./values.js";

export interface Measurement extends Probe {
  /** Median time of a 256 x 256 matrix product, the call and reading its result included. */
  readonly matmulMilliseconds: number;
  /**
   * Median time of a training step of a small transformer (17 thousand parameters; 8 sequences of 16 tokens), from
   * drawing its noise to reading its loss.
   */
  readonly trainingStepMilliseconds: number;
}

const warmupRuns = 2;
const timedRuns = 7;

/**
 * Checks a backend's numbers and takes its time. Times say what order of magnitude to expect of small models, not
 * which device is fastest for a large one.
 *
 * @throws `backend-failure` if a number is wrong, see {@link probeBackend}; and what compiling and running throw.
 */
export async function measureBackend(backend: Backend): Promise<Measurement> {
  return {
    ...(await probeBackend(backend)),
    matmulMilliseconds: await timeProduct(backend),
    trainingStepMilliseconds: await timeTrainingStep(backend),
  };
}

async function timeProduct(backend: Backend): Promise<number> {
  const square = { dtype: "float32", shape: [256, 256], low: -1, high: 1 } as const;
  const inputs = { a: drawTensor(square, 1), b: drawTensor(square, 2) };
  const executable = await backend.compile(trace({ a: square, b: square }, ({ a, b }) => ({ c: matmul(a, b) })));
  try {
    return await medianMilliseconds(async () => {
      for (const output of Object.values(await executable.run(inputs))) {
        if ("read" in output) await output.read();
        disposeTensor(output);
      }
    });
  } finally {
    executable.dispose();
  }
}

async function timeTrainingStep(backend: Backend): Promise<number> {
  const forcing = diffusionForcing({
    model: transformer({ features: 4, width: 32, layers: 2, heads: 4, feedForward: 64 }),
    schedule: cosineSchedule(1000),
  });
  const tokens = drawTensor({ dtype: "float32", shape: [8, 16, 4], low: -1, high: 1 }, 3);
  const steps = forcing.trainStream({
    backend,
    batches: () => ({ tokens }),
    steps: warmupRuns + timedRuns,
    optimizer: { learningRate: 1e-3 },
  });
  try {
    return await medianMilliseconds(() => steps.next());
  } finally {
    await steps.return(undefined);
  }
}

async function medianMilliseconds(work: () => Promise<unknown>): Promise<number> {
  for (let i = 0; i < warmupRuns; i++) await work();
  const times: number[] = [];
  for (let i = 0; i < timedRuns; i++) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[(timedRuns - 1) / 2] as number;
}
