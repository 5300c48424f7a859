/**
 * How well small transformers roll out, by their kind of positions: the choice of the default. Each is trained from
 * several seeds and continues 16 sequences from a third of a window of known tokens, 100 tokens far.
 *
 *     npm run positions -- --seeds 0,1,2,3,4,5
 */
import { parseArgs } from "node:util";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import {
  cosineSchedule,
  createRandom,
  diffusionForcing,
  type RandomStream,
  tensor,
  transformer,
} from "@diffusion-forcing/core";

/** A sequence without end, token by token. */
type Sequence = (t: number) => number[];

interface Task {
  readonly name: string;
  readonly features: number;
  /** Tokens of a sequence in training, and of the window. */
  readonly length: number;
  draw(random: RandomStream): Sequence;
}

const tasks: readonly Task[] = [
  {
    name: "waves",
    features: 1,
    length: 24,
    draw: (random) => {
      const phase = 2 * Math.PI * random.uniform();
      return (t) => [Math.sin(phase + t / 3)];
    },
  },
  {
    name: "circles",
    features: 2,
    length: 12,
    draw: (random) => {
      const phase = 2 * Math.PI * random.uniform();
      return (t) => [Math.cos(phase + t / 2), Math.sin(phase + t / 2)];
    },
  },
];

const SEQUENCES = 16;
const ROLLOUT = 100;

const rows = (sequences: readonly Sequence[], length: number, features: number) =>
  tensor(
    sequences.flatMap((sequence) => Array.from({ length }, (_, t) => sequence(t)).flat()),
    [sequences.length, length, features],
  );

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "0,1,2,3,4,5" }, only: { type: "string", default: "" } },
});
const backend = await onnxBackend({ threads: 1 });
console.log("data    positions  seed  rmse within the window  of all");
for (const { name, features, length, draw } of tasks) {
  for (const positions of ["rotary", "sinusoidal"] as const) {
    if (!`${name}-${positions}`.includes(values.only)) continue;
    for (const seed of values.seeds.split(",").map(Number)) {
      const forcing = diffusionForcing({
        model: transformer({ features, width: 32, layers: 2, heads: 4, positions }),
        schedule: cosineSchedule(1000),
      });
      const { parameters } = await forcing.train({
        backend,
        batches: (_step, random) => ({
          tokens: rows(
            Array.from({ length: 32 }, () => draw(random)),
            length,
            features,
          ),
        }),
        steps: 1000,
        seed,
        optimizer: { learningRate: 2e-3 },
        learningRate: { kind: "cosine", warmupSteps: 50 },
      });
      const random = createRandom(1000);
      const truths = Array.from({ length: SEQUENCES }, () => draw(random));
      const context = rows(truths, length / 3, features);
      const sampler = forcing.sampler({ backend, parameters, timesteps: 20 });
      const errors: { position: number; square: number }[] = [];
      const options = { context, length: ROLLOUT, window: length, seed: 0, memory: "recompute" } as const;
      for await (const { tokens, position } of sampler.rollout(options)) {
        const expected = truths.flatMap((truth) => truth(position));
        const squares = expected.map((value, i) => ((tokens.data[i] as number) - value) ** 2);
        errors.push({ position, square: squares.reduce((sum, one) => sum + one) / squares.length });
      }
      await sampler.dispose();
      const rmse = (some: typeof errors): string =>
        Math.sqrt(some.reduce((sum, { square }) => sum + square, 0) / some.length).toFixed(3);
      const within = rmse(errors.filter(({ position }) => position < length));
      console.log(
        name.padEnd(7),
        positions.padEnd(10),
        String(seed).padStart(4),
        within.padStart(23),
        rmse(errors).padStart(7),
      );
    }
  }
}
await backend.dispose();
