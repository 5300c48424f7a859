import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import {
  type Backend,
  classifierFreeGuidance,
  cosineSchedule,
  createRandom,
  diffusionForcing,
  type HostTensor,
  type HostTensorRecord,
  type RandomStream,
  tensor,
  transformer,
} from "@diffusion-forcing/core";
import { energyDistance, normalizedMutualInformation } from "@diffusion-forcing/core/metrics";
import { selfLabels } from "@diffusion-forcing/core/process";
import { selfLabeler } from "@diffusion-forcing/core/sampling";
import {
  type BatchSource,
  dropCondition,
  selfLabelTraining,
  train,
  withoutPrototypes,
} from "@diffusion-forcing/core/training";
import { markdown } from "../markdown.js";

const [LENGTH, SIZE, KINDS] = [8, 8, 8];
/** Radians a token: the hidden families, which no single token shows. They begin anywhere within a radian. */
const SPEEDS = [0.4, -0.4, 1.3, -1.3];

/** Points on a circle at one of four speeds, float32 [B, T, 2], and which; as many of each. */
function families(batch: number, random: RandomStream): { tokens: HostTensor<"float32">; family: Int32Array } {
  // As many of each: with a few hundred sequences chance in their shares would be most of a distance.
  const family = Int32Array.from({ length: batch }, (_, i) => i % SPEEDS.length);
  const data: number[] = [];
  for (const which of family) {
    const phase = random.uniform();
    for (let t = 0; t < LENGTH; t++) {
      const angle = phase + t * (SPEEDS[which] as number);
      data.push(Math.cos(angle) + 0.05 * random.normal(), Math.sin(angle) + 0.05 * random.normal());
    }
  }
  return { tokens: tensor(data, [batch, LENGTH, 2]), family };
}

interface SelfGuidanceSettings {
  readonly steps: readonly [first: number, second: number];
  readonly samples: number;
  readonly guidance: number;
  readonly seed: number;
}

interface SelfGuidanceFigures {
  readonly mutualInformation: number;
  /** How many of the prototypes anything was labelled with. */
  readonly used: number;
  /** Energy distance of samples from data by what conditions them; `data`: of other data. */
  readonly distances: Readonly<Record<"data" | "unconditional" | "self" | "oracle" | "random", number>>;
}

/** Four hidden families: labels of the model's own against none, the true ones, and ones that say nothing. */
export async function selfGuidance(backend: Backend, settings: SelfGuidanceSettings): Promise<SelfGuidanceFigures> {
  const { steps, samples, guidance, seed } = settings;
  const forcing = diffusionForcing({
    model: transformer({ features: 2, conditionFeatures: SIZE, width: 32, layers: 3, heads: 2, causal: false }),
    schedule: cosineSchedule(100),
  });
  const labels = selfLabels({ diffusion: forcing, feature: "layers.1", prototypes: KINDS });
  const schedule = { kind: "cosine", warmupSteps: 20 } as const;
  const common = { backend, seed, optimizer: { learningRate: 2e-3 }, learningRate: schedule, emaDecay: 0.99 };
  const first = await train(selfLabelTraining({ labels }), {
    ...common,
    batches: (_step, random) => ({ tokens: families(32, random).tokens }),
    steps: steps[0],
  });
  const labeler = selfLabeler({ backend, labels, parameters: first.parameters });
  const random = createRandom(seed + 1);
  const held = families(samples, random.split("held"));
  const found = await labeler.label(held.tokens, random.split("look"));

  const oneHot = (kinds: Int32Array): HostTensor => {
    const data = new Float32Array(kinds.length * LENGTH * SIZE);
    for (let i = 0; i < kinds.length * LENGTH; i++) data[i * SIZE + (kinds[Math.floor(i / LENGTH)] as number)] = 1;
    return tensor(data, [kinds.length, LENGTH, SIZE]);
  };
  const anything = (count: number, stream: RandomStream): Int32Array =>
    Int32Array.from({ length: count }, () => stream.integer(0, KINDS));
  type Conditions = (tokens: HostTensor, family: Int32Array, stream: RandomStream) => Promise<HostTensor>;
  const conditions: Readonly<Record<"unconditional" | "self" | "oracle" | "random", Conditions>> = {
    unconditional: async ({ shape }) =>
      tensor(new Float32Array((shape[0] as number) * LENGTH * SIZE), [shape[0] as number, LENGTH, SIZE]),
    self: async (tokens, _family, stream) => labeler.condition(await labeler.label(tokens, stream), LENGTH),
    oracle: async (_tokens, family) => oneHot(family),
    random: async (_tokens, family, stream) =>
      labeler.condition(tensor(anything(family.length, stream), [family.length]), LENGTH),
  };
  const flat = ({ data }: HostTensor) => ({ shape: [samples, LENGTH * 2], data });
  const distances: Record<string, number> = {
    data: energyDistance(flat(families(samples, random.split("other")).tokens), flat(held.tokens)),
  };
  for (const [name, conditionOf] of Object.entries(conditions)) {
    const batches: BatchSource = async (_step, stream) => {
      const { tokens, family } = families(32, stream.split("data"));
      const condition = await conditionOf(tokens, family, stream.split("labels"));
      return { tokens, condition: dropCondition(condition, 0.15, stream.split("drop")) };
    };
    const { parameters } = await train(forcing, {
      ...common,
      batches,
      steps: steps[1],
      parameters: withoutPrototypes(first.parameters),
    });
    const kinds = families(samples, random.split("kinds"));
    distances[name] = energyDistance(
      flat(
        await sampled(
          forcing,
          backend,
          parameters,
          await conditionOf(kinds.tokens, kinds.family, random.split("chosen")),
          guidance,
        ),
      ),
      flat(held.tokens),
    );
  }
  await labeler.dispose();
  return {
    mutualInformation: normalizedMutualInformation(found.data, held.family),
    used: new Set(found.data).size,
    distances: distances as SelfGuidanceFigures["distances"],
  };
}

async function sampled(
  forcing: ReturnType<typeof diffusionForcing>,
  backend: Backend,
  parameters: HostTensorRecord,
  condition: HostTensor,
  guidance: number,
): Promise<HostTensor> {
  const sampler = forcing.sampler({
    backend,
    parameters,
    timesteps: 25,
    scores: classifierFreeGuidance({ scale: 1 + guidance }),
  });
  const result = await sampler.sample({ batch: condition.shape[0] as number, length: LENGTH, condition, seed: 5 });
  await sampler.dispose();
  return result;
}

/** The table of docs/related/self-guidance.md: three seeds, and their means. */
export async function selfGuidanceTable(): Promise<string> {
  const backend = await onnxBackend({ threads: 1 });
  const rows: (string | number)[][] = [];
  for (const seed of [0, 1, 2]) {
    const settings = { steps: [400, 400], samples: 300, guidance: 0.4, seed } as const;
    const { mutualInformation, used, distances } = await selfGuidance(backend, settings);
    const { unconditional, self, oracle, random, data } = distances;
    rows.push([
      seed,
      mutualInformation.toFixed(2),
      `${used} of ${KINDS}`,
      ...[unconditional, self, oracle, random, data].map((value) => value.toFixed(3)),
    ]);
  }
  await backend.dispose();
  return markdown(
    [
      "seed",
      "NMI of labels",
      "labels used",
      "unconditional",
      "own labels",
      "true families",
      "random labels",
      "other data",
    ],
    rows,
  );
}
