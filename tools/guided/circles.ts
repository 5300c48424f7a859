import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Backend,
  cosineSchedule,
  type DiffusionForcing,
  diffusionForcing,
  type HostTensor,
  type HostTensorRecord,
  linearSchedule,
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

type ScheduleName = "cosine100" | "cosine1000" | "linear1000" | "sigmoid1000";

const schedules: Readonly<Record<ScheduleName, () => NoiseSchedule>> = {
  cosine100: () => cosineSchedule(100),
  cosine1000: () => cosineSchedule(1000),
  linear1000: () => linearSchedule(1000),
  sigmoid1000: () => sigmoidSchedule(1000),
};

type Objective = "noise" | "x0" | "v";

const objectives: readonly Objective[] = ["noise", "x0", "v"];

/** A model to be trained: what it predicts, under which schedule, from which seed. */
export interface Subject {
  readonly schedule: ScheduleName;
  readonly objective: Objective;
  readonly seed: number;
}

export function subjectName({ schedule, objective, seed }: Subject): string {
  return `${schedule}-${objective}-${seed}`;
}

export function subjectsOf(seeds: readonly number[]): Subject[] {
  return (Object.keys(schedules) as ScheduleName[]).flatMap((schedule) =>
    objectives.flatMap((objective) => seeds.map((seed) => ({ schedule, objective, seed }))),
  );
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

export function forcingOf({ schedule, objective }: Subject): DiffusionForcing {
  return diffusionForcing({
    model: transformer({ features: 2, width: 32, layers: 2, heads: 4 }),
    process: variancePreserving(schedules[schedule](), { objective }),
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
