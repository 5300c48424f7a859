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
  tensor,
  transformer,
} from "@diffusion-forcing/core";
import { markdownTable } from "markdown-table";
import { rootMeanSquare } from "simple-statistics";

const TOKENS = 12;
const TURN = 0.5;
const SAMPLES = 128;
const TIMESTEPS = 50;

const orders: readonly (readonly [name: string, matrix: MatrixShape])[] = [
  ["fullSequence()", fullSequence()],
  ["pyramid()", pyramid()],
  ["pyramid({ uncertainty: 5 })", pyramid({ uncertainty: 5 })],
  ["autoregressive()", autoregressive()],
];

function circles(batch: number, random: RandomStream): HostTensor {
  const data: number[] = [];
  for (let b = 0; b < batch; b++) {
    const phase = 2 * Math.PI * random.uniform();
    for (let t = 0; t < TOKENS; t++) data.push(Math.cos(phase + TURN * t), Math.sin(phase + TURN * t));
  }
  return tensor(data, [batch, TOKENS, 2]);
}

/** Each point's distance from the circle, and each turn's from the true one. */
function errorsOf({ data }: HostTensor): { radii: number[]; turns: number[] } {
  const radii: number[] = [];
  const turns: number[] = [];
  const pointAt = (index: number) => [data[2 * index] as number, data[2 * index + 1] as number] as const;
  for (let index = 0; index < SAMPLES * TOKENS; index++) {
    const [x, y] = pointAt(index);
    radii.push(Math.hypot(x, y) - 1);
    if (index % TOKENS === 0) continue;
    const [px, py] = pointAt(index - 1);
    turns.push(Math.atan2(px * y - py * x, px * x + py * y) - TURN);
  }
  return { radii, turns };
}

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "0,1,2" }, steps: { type: "string", default: "3000" } },
});
const backend = await onnxBackend({ threads: 1 });
const found = new Map<string, { walk: number; radii: number[]; turns: number[] }>();
for (const causal of [true, false]) {
  for (const seed of values.seeds.split(",").map(Number)) {
    const forcing = diffusionForcing({
      model: transformer({ features: 2, width: 32, layers: 2, heads: 4, causal }),
      schedule: cosineSchedule(1000),
    });
    const { parameters } = await forcing.train({
      backend,
      batches: (_step, random) => ({ tokens: circles(32, random) }),
      steps: Number(values.steps),
      seed,
    });
    for (const eta of [0, 1]) {
      const sampler = forcing.sampler({ backend, parameters, timesteps: TIMESTEPS, solver: ddim({ eta }) });
      for (const [name, matrix] of causal ? orders : orders.slice(0, 1)) {
        let walk = 0;
        let sample: HostTensor | undefined;
        for await (const { steps, read } of sampler.sampleStream({ batch: SAMPLES, length: TOKENS, seed: 5, matrix })) {
          if (++walk === steps) sample = await read();
        }
        const key = `${causal ? "causal" : "not causal"} | ${name} | ${eta}`;
        const errors = errorsOf(sample as HostTensor);
        const { radii, turns } = found.get(key) ?? { radii: [], turns: [] };
        found.set(key, { walk, radii: [...radii, ...errors.radii], turns: [...turns, ...errors.turns] });
      }
      await sampler.dispose();
    }
  }
}
await backend.dispose();
const rows = [...found].map(([key, { walk, radii, turns }]) => [
  ...key.split(" | "),
  String(walk),
  rootMeanSquare(radii).toFixed(3),
  rootMeanSquare(turns).toFixed(3),
]);
console.log(
  markdownTable([["model", "order", "eta", "steps", "radius", "turn"], ...rows], {
    align: ["l", "l", "r", "r", "r", "r"],
  }),
);
