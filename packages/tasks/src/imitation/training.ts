import {
  type Codec,
  cosineSchedule,
  diffusionForcing,
  type HostTensor,
  referenceBackend,
  tensor,
  transformer,
} from "@diffusion-forcing/core";
import { breathe, throwIfAborted } from "@diffusion-forcing/core/backend";
import { codecOn, fitNormalization } from "@diffusion-forcing/core/bundle";
import type { BatchSource } from "@diffusion-forcing/core/training";
import type { PreparationContext, TaskJob } from "../task.js";
import { fruitDemonstrations } from "./demonstrations.js";
import { learnImageCodec } from "./image-codec.js";
import { actionSize } from "./observation.js";
import type { ImitationRecipe } from "./recipe.js";
import { policyLevels } from "./training-levels.js";
import { images, views } from "./view.js";

/** K. */
export const policyLevelCount = 100;

/** Model and data of a recipe. @throws `aborted` */
export async function imitationJob(
  recipe: ImitationRecipe,
  context: PreparationContext = { options: {} },
): Promise<TaskJob> {
  const { data, past, model, actionWeight = 1 } = recipe;
  const { codec, sequences } = await encodedDemonstrations(recipe, context);
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
  const weights = Float32Array.from({ length: features }, (_, i) => (i < actionSize ? actionWeight : 1));
  const lossMask = actionWeight === 1 ? {} : { lossMask: tensor(weights, [1, 1, features]) };
  const source = past === "clean" ? teacherForced(sequences, data.batch) : noised(sequences, data.batch);
  return {
    diffusion,
    batches: async (step, random) => ({ ...(await source(step, random)), ...lossMask }),
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

/** Demonstrations that the codec of images learns from, at most: their images are large, and alike. */
const LEARNED_FROM = 500;

/** The demonstrations as tokens, and the codec that made them so. */
async function encodedDemonstrations(
  { data: { view, demonstrations, seed }, codec: recipe }: ImitationRecipe,
  { backend = referenceBackend(), codec: known, ...context }: PreparationContext,
): Promise<{ readonly codec: Codec; readonly sequences: HostTensor<"float32"> }> {
  if (recipe === undefined) {
    const all = fruitDemonstrations(demonstrations, seed, views[view]);
    const codec = fitNormalization(all.data, all.shape[2] as number);
    return { codec, sequences: codec.encode(all) };
  }
  // Each demonstration of a seed of its own, so that images need not be kept to be drawn again.
  const drawn = (i: number): HostTensor<"float32"> => fruitDemonstrations(1, seed + i, images);
  const rest = async (): Promise<void> => {
    throwIfAborted(context.signal);
    await breathe();
  };
  const learn = async (): Promise<Codec> => {
    const some: HostTensor<"float32">[] = [];
    for (let i = 0; i < Math.min(LEARNED_FROM, demonstrations); i++) {
      await rest();
      some.push(drawn(i));
    }
    return learnImageCodec(some, recipe, { backend, ...context });
  };
  const codec = codecOn(backend, known ?? (await learn()));
  const parts: HostTensor<"float32">[] = [];
  for (let i = 0; i < demonstrations; i++) {
    await rest();
    parts.push(await codec.encode(drawn(i)));
    context.onProgress?.(i + 1, demonstrations, "demonstrations encoded");
  }
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
