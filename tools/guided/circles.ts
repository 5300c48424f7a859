import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Backend,
  bayesianFlow,
  cosineSchedule,
  type DiffusionForcing,
  diffusionForcing,
  edm,
  flowMatching,
  type HostTensor,
  type HostTensorRecord,
  linearSchedule,
  type NoiseProcess,
  type NoiseSchedule,
  type RandomStream,
  sigmoidSchedule,
  tensor,
  transformer,
  variancePreserving,
} from "@diffusion-forcing/core";
import { decodeWeights, encodeWeights } from "@diffusion-forcing/core/bundle";

/** Tokens of a sequence, as many as the model is trained on. */
export const LENGTH = 12;

/** Values of the data lie within -RANGE..RANGE. */
export const RANGE = 1;

const schedules: Readonly<Record<string, () => NoiseSchedule>> = {
  cosine100: () => cosineSchedule(100),
  cosine1000: () => cosineSchedule(1000),
  linear1000: () => linearSchedule(1000),
  sigmoid1000: () => sigmoidSchedule(1000),
};

const objectives = ["noise", "x0", "v"] as const;

/** By name: every objective under every schedule, and what else makes continuous tokens from noise. */
const processes: ReadonlyMap<string, () => NoiseProcess> = new Map([
  ...Object.entries(schedules).flatMap(([name, schedule]) =>
    objectives.map(
      (objective) => [`${name}-${objective}`, () => variancePreserving(schedule(), { objective })] as const,
    ),
  ),
  ["flow-flow", () => flowMatching()],
  ["flow-x0", () => flowMatching({ objective: "x0" })],
  ["edm", () => edm()],
  ["bayesian-flow", () => bayesianFlow()],
]);

/** A model to be trained: under which process, and from which seed. */
export interface Subject {
  readonly process: string;
  readonly seed: number;
}

export function subjectName({ process, seed }: Subject): string {
  return `${process}-${seed}`;
}

export function subjectsOf(seeds: readonly number[]): Subject[] {
  return [...processes.keys()].flatMap((process) => seeds.map((seed) => ({ process, seed })));
}

/** Points that go round the unit circle by half a radian a token, from a phase of their own: float32 [batch, T, 2]. */
export function circles(batch: number, random: RandomStream): HostTensor {
  const data: number[] = [];
  for (let b = 0; b < batch; b++) {
    const phase = 2 * Math.PI * random.uniform();
    for (let t = 0; t < LENGTH; t++) data.push(Math.cos(phase + t / 2), Math.sin(phase + t / 2));
  }
  return tensor(data, [batch, LENGTH, 2]);
}

export function forcingOf({ process }: Subject): DiffusionForcing {
  const make = processes.get(process);
  if (make === undefined) throw new Error(`There is no process ${process}.`);
  return diffusionForcing({
    model: transformer({ features: 2, width: 32, layers: 2, heads: 4 }),
    process: make(),
  });
}

/**
 * The weights of 600 steps at the defaults, or those that `folder` keeps of an earlier run.
 *
 * @param folder where weights are kept; absent: nowhere.
 */
export async function trainedWeights(
  backend: Backend,
  subject: Subject,
  folder: string | undefined,
): Promise<HostTensorRecord> {
  const file = folder && join(folder, `${subjectName(subject)}.safetensors`);
  if (file !== undefined && existsSync(file)) return decodeWeights(readFileSync(file));
  const { parameters } = await forcingOf(subject).train({
    backend,
    batches: (_step, random) => ({ tokens: circles(32, random) }),
    steps: 600,
    seed: subject.seed,
  });
  if (folder !== undefined && file !== undefined) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, encodeWeights(parameters));
  }
  return parameters;
}
