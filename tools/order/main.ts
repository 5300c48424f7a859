/**
 * What the order of denoising does to samples: small transformers, causal and not, learn points that go round a circle,
 * and are sampled by several matrices. A row says how far the points are from the circle and the turn between two of them
 * from the true one, as root mean squares, and how many steps the walk takes: the default's cost and what it buys.
 *
 *     npm run order -- --seeds 0,1,2
 */
import { parseArgs } from "node:util";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import {
  autoregressive,
  cosineSchedule,
  ddim,
  diffusionForcing,
  fullSequence,
  type HostTensor,
  type MatrixShape,
  pyramid,
  type RandomStream,
  type Sampler,
  transformer,
} from "@diffusion-forcing/core";
import { markdownTable } from "markdown-table";
import { rootMeanSquare } from "simple-statistics";
import { circles, LENGTH } from "../guided/circles.js";

/** Radians from one point of the circles to the next. */
const TURN = 0.5;
const SAMPLES = 128;
const TIMESTEPS = 50;

const orders: readonly (readonly [name: string, matrix: MatrixShape])[] = [
  ["fullSequence()", fullSequence()],
  ["pyramid()", pyramid()],
  ["pyramid({ uncertainty: 5 })", pyramid({ uncertainty: 5 })],
  ["autoregressive()", autoregressive()],
];

/** Each point's distance from the circle, and each turn's from the true one. */
function errorsOf({ data }: HostTensor): { radii: number[]; turns: number[] } {
  const radii: number[] = [];
  const turns: number[] = [];
  const pointAt = (index: number) => [data[2 * index] as number, data[2 * index + 1] as number] as const;
  for (let index = 0; index < SAMPLES * LENGTH; index++) {
    const [x, y] = pointAt(index);
    radii.push(Math.hypot(x, y) - 1);
    if (index % LENGTH === 0) continue;
    const [px, py] = pointAt(index - 1);
    turns.push(Math.atan2(px * y - py * x, px * x + py * y) - TURN);
  }
  return { radii, turns };
}

interface Errors {
  readonly walk: number;
  readonly radii: readonly number[];
  readonly turns: readonly number[];
}

/** Of one model's samples by one matrix, and the steps that they took. */
async function sampled(sampler: Sampler, matrix: MatrixShape): Promise<Errors> {
  for await (const { step, steps, read } of sampler.sampleStream({ batch: SAMPLES, length: LENGTH, seed: 5, matrix })) {
    if (step === steps) return { walk: steps, ...errorsOf(await read()) };
  }
  throw new Error("The walk ended before its last step.");
}

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "0,1,2" }, steps: { type: "string", default: "3000" } },
});
const backend = await onnxBackend({ threads: 1 });
const subjects = [true, false].flatMap((causal) =>
  values.seeds.split(",").map((seed) => ({ causal, seed: Number(seed) })),
);
const found = new Map<string, Errors>();
for (const { causal, seed } of subjects) {
  const forcing = diffusionForcing({
    model: transformer({ features: 2, width: 32, layers: 2, heads: 4, causal }),
    schedule: cosineSchedule(1000),
  });
  const batches = (_step: number, random: RandomStream) => ({ tokens: circles(32, random) });
  const { parameters } = await forcing.train({ backend, batches, steps: Number(values.steps), seed });
  for (const eta of [0, 1]) {
    const sampler = forcing.sampler({ backend, parameters, timesteps: TIMESTEPS, solver: ddim({ eta }) });
    for (const [name, matrix] of causal ? orders : orders.slice(0, 1)) {
      const key = `${causal ? "causal" : "not causal"} | ${name} | ${eta}`;
      const { walk, radii, turns } = await sampled(sampler, matrix);
      const before = found.get(key);
      found.set(key, {
        walk,
        radii: [...(before?.radii ?? []), ...radii],
        turns: [...(before?.turns ?? []), ...turns],
      });
    }
    await sampler.dispose();
  }
}
await backend.dispose();
const rows = [...found].map(([key, { walk, radii, turns }]) => [
  ...key.split(" | "),
  String(walk),
  rootMeanSquare([...radii]).toFixed(3),
  rootMeanSquare([...turns]).toFixed(3),
]);
console.log(
  markdownTable([["model", "order", "eta", "steps", "radius", "turn"], ...rows], {
    align: ["l", "l", "r", "r", "r", "r"],
  }),
);
