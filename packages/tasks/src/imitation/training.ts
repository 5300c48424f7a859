import { cosineSchedule, diffusionForcing, type HostTensor, tensor, transformer } from "@diffusion-forcing/core";
import { fitNormalization, type PlainCodec } from "@diffusion-forcing/core/bundle";
import type { BatchSource } from "@diffusion-forcing/core/training";
import type { TaskJob } from "../task.js";
import { fruitDemonstrations } from "./demonstrations.js";
import { fitImageCodec } from "./image-codec.js";
import type { ImitationRecipe } from "./recipe.js";
import { policyLevels } from "./training-levels.js";
import { images } from "./view.js";

/** K. */
export const policyLevelCount = 100;

/** Model and data of a recipe. */
export async function imitationJob({ data, past, model }: ImitationRecipe): Promise<TaskJob> {
  const { codec, sequences } = encodedDemonstrations(data);
  const features = sequences.shape[2] as number;
  const diffusion = diffusionForcing({
    model: transformer({
      features,
      conditionFeatures: past === "clean" ? features : 0,
      causal: true,
      positions: "rotary",
      ...model,
    }),
    schedule: cosineSchedule(policyLevelCount),
  });
  return {
    diffusion,
    batches: past === "clean" ? teacherForced(sequences, data.batch) : noised(sequences, data.batch),
    codec,
    record: { kind: "imitation", view: data.view, past },
    trainedOn: { tokens: [sequences.shape[1] as number, sequences.shape[1] as number] },
    card: {
      name: past === "clean" ? "imitation-next-token" : `imitation-${data.view}`,
      description: `Policy and world model of a fruit swap, seen as ${data.view}.`,
    },
    about: { view: data.view, demonstrations: data.demonstrations },
  };
}

/** Components that an image becomes. */
const COMPONENTS = 32;
/** Demonstrations that the codec of images is fitted to: their frames are large. */
const FITTED = 50;

/** The demonstrations as tokens, and the codec that made them so. */
function encodedDemonstrations({ view, demonstrations, seed }: ImitationRecipe["data"]): {
  readonly codec: PlainCodec;
  readonly sequences: HostTensor<"float32">;
} {
  if (view === "places") {
    const all = fruitDemonstrations(demonstrations, seed);
    const codec = fitNormalization(all.data, all.shape[2] as number);
    return { codec, sequences: codec.encode(all) };
  }
  // Images are encoded at once, one demonstration after the other: all of them would fill a gigabyte.
  const codec = fitImageCodec(fruitDemonstrations(FITTED, seed, images), COMPONENTS);
  const parts = Array.from({ length: demonstrations }, (_, i) =>
    codec.encode(fruitDemonstrations(1, seed + i, images)),
  );
  const [, tokens, features] = (parts[0] as HostTensor).shape as [number, number, number];
  const data = new Float32Array(demonstrations * tokens * features);
  for (const [i, part] of parts.entries()) data.set(part.data, i * tokens * features);
  return { codec, sequences: tensor(data, [demonstrations, tokens, features]) };
}

/** Diffusion Forcing: every token at a level of its own. */
function noised(sequences: HostTensor<"float32">, batch: number): BatchSource {
  const tokens = sequences.shape[1] as number;
  return (_step, random) => ({
    tokens: drawn(sequences, batch, (count) => random.integer(0, count)),
    noiseLevels: policyLevels(random.split("levels"), { batch, tokens, levels: policyLevelCount }),
  });
}

/** Teacher forcing: every token is denoised given the true tokens before it, which come in as the condition. */
function teacherForced(sequences: HostTensor<"float32">, batch: number): BatchSource {
  return (_step, random) => {
    const tokens = drawn(sequences, batch, (count) => random.integer(0, count));
    return { tokens, condition: predecessors(tokens) };
  };
}

function drawn(
  { shape, data }: HostTensor<"float32">,
  batch: number,
  draw: (count: number) => number,
): HostTensor<"float32"> {
  const [count, tokens, features] = shape as [number, number, number];
  const size = tokens * features;
  const chosen = new Float32Array(batch * size);
  for (let b = 0; b < batch; b++) {
    const at = draw(count) * size;
    chosen.set(data.subarray(at, at + size), b * size);
  }
  return tensor(chosen, [batch, tokens, features]);
}

/** Each token's predecessor, zeros for the first: [B, T, C]. */
export function predecessors({ shape, data }: HostTensor<"float32">): HostTensor<"float32"> {
  const [batch, tokens, features] = shape as [number, number, number];
  const shifted = new Float32Array(data.length);
  for (let b = 0; b < batch; b++) {
    const at = b * tokens * features;
    shifted.set(data.subarray(at, at + (tokens - 1) * features), at + features);
  }
  return tensor(shifted, shape);
}
