import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import {
  cosineSchedule,
  createRandom,
  diffusionForcing,
  type RandomStream,
  tensor,
  transformer,
} from "@diffusion-forcing/core";
import { vectorQuantizer, vectorQuantizerCodec } from "@diffusion-forcing/core/bundle";
import { codeUsage } from "@diffusion-forcing/core/metrics";
import { tokenPrediction } from "@diffusion-forcing/core/process";
import { train } from "@diffusion-forcing/core/training";
import { markdown } from "../markdown.js";

const [STATES, LENGTH, BATCH] = [16, 8, 32];

/** A chain of 16 points in the plane, seen with a little noise: which point follows which is drawn once. */
class Points {
  readonly #centres: readonly (readonly [number, number])[];
  readonly #next: readonly (readonly number[])[];

  constructor(random: RandomStream) {
    this.#centres = Array.from({ length: STATES }, (_, i) => [(i % 4) - 1.5, Math.floor(i / 4) - 1.5] as const);
    this.#next = Array.from({ length: STATES }, () => Array.from({ length: 3 }, () => random.integer(0, STATES)));
  }

  /** [count, LENGTH, 2] */
  draw(count: number, random: RandomStream) {
    const data: number[] = [];
    for (let b = 0; b < count; b++) {
      let state = random.integer(0, STATES);
      for (let t = 0; t < LENGTH; t++) {
        const [x, y] = this.#centres[state] as readonly [number, number];
        data.push(x + 0.1 * random.normal(), y + 0.1 * random.normal());
        state = (this.#next[state] as readonly number[])[random.integer(0, 3)] as number;
      }
    }
    return tensor(data, [count, LENGTH, 2]);
  }
}

/** Shares of pairs of neighbouring codes. */
function pairsOf(codes: ArrayLike<number>, count: number): Float64Array {
  const shares = new Float64Array(count * count);
  const total = (codes.length / LENGTH) * (LENGTH - 1);
  for (let i = 0; i < codes.length; i++) {
    if (i % LENGTH === LENGTH - 1) continue;
    const pair = (codes[i] as number) * count + (codes[i + 1] as number);
    shares[pair] = (shares[pair] as number) + 1 / total;
  }
  return shares;
}

/** A trained codec and model of a chain of points: how far the pairs of drawn codes are from those of data, by steps. */
export async function rdpmTable(): Promise<string> {
  const random = createRandom(4);
  const points = new Points(random.split("chain"));
  const backend = await onnxBackend({ threads: 1 });
  const quantizer = vectorQuantizer({ features: 2, latentFeatures: 4, codes: 24, width: 64 });
  const learned = await train(quantizer, {
    backend,
    batches: (_step, step) => ({ tokens: points.draw(BATCH, step) }),
    steps: 1500,
    optimizer: { learningRate: 3e-3 },
    learningRate: { kind: "cosine", warmupSteps: 50 },
  });
  const codec = vectorQuantizerCodec({ quantizer, parameters: learned.parameters, backend });
  const held = await codec.encodeCodes(points.draw(4000, random.split("held")));
  const again = await codec.encodeCodes(points.draw(1000, random.split("again")));
  const { perplexity } = codeUsage(held, codec.codes);
  const forcing = diffusionForcing({
    model: transformer({ features: 4, outputs: codec.codes, width: 64, layers: 2, heads: 4, causal: false }),
    process: tokenPrediction({ codebook: codec.codebook, schedule: cosineSchedule(200) }),
  });
  const { parameters, losses } = await forcing.train({
    backend,
    batches: async (_step, step) => ({ tokens: await codec.encode(points.draw(BATCH, step)) }),
    steps: 2500,
    seed: 0,
    optimizer: { learningRate: 3e-3 },
    learningRate: { kind: "cosine", warmupSteps: 100 },
    emaDecay: 0.995,
  });
  const expected = pairsOf(held.data, codec.codes);
  const distance = (codes: ArrayLike<number>): string =>
    pairsOf(codes, codec.codes)
      .reduce((sum, share, pair) => sum + Math.abs(share - (expected[pair] as number)) / 2, 0)
      .toFixed(3);
  const rows: (string | number)[][] = [];
  const settings = [
    [1, 1],
    [2, 1],
    [5, 1],
    [10, 1],
    [25, 1],
    [10, 0],
  ] as const;
  for (const [timesteps, temperature] of settings) {
    const process = tokenPrediction({ codebook: codec.codebook, schedule: cosineSchedule(200), temperature });
    const sampler = diffusionForcing({ model: forcing.model, process }).sampler({ backend, parameters, timesteps });
    const drawn = await sampler.sample({ batch: 1000, length: LENGTH, seed: 1 });
    await sampler.dispose();
    rows.push([timesteps, temperature, distance(codec.codesOf(drawn).data)]);
  }
  rows.push(["1000 sequences of data", "", distance(again.data)]);
  const last = losses.slice(-100).reduce((sum, loss) => sum + loss / 100, 0);
  await backend.dispose();
  return `${markdown(["steps", "temperature", "total variation of pairs"], rows)}\nPerplexity of the codes: ${perplexity.toFixed(1)} of ${codec.codes}; loss ${last.toFixed(3)} nats a code.\n`;
}
