import {
  type Bundle,
  cosineSchedule,
  createRandom,
  ddim,
  diffusionForcing,
  type HostTensor,
  transformer,
} from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import { type Normalization, normalizationCodec } from "@diffusion-forcing/core/bundle";
import { Sampler } from "@diffusion-forcing/core/sampling";
import * as v from "valibot";
import { proportion } from "../intervals.js";
import { trainingSchema, transformerSizeSchema } from "../recipe-schemas.js";
import type { Estimate, EvaluationContext, Task, TaskJob, TaskRecipe, TaskReport, TaskTraining } from "../task.js";
import { checkOptionValues, type OptionSchemas } from "../task-options.js";
import { formatEstimate } from "../task-report.js";
import { compose } from "./compose.js";
import { crosses } from "./crosses.js";
import { compositionPicture, type DialPoint } from "./picture.js";
import { type Shape, shapesOf } from "./shapes.js";
import { dialLevels } from "./training-levels.js";

/** What a recipe says of the trajectories and of the model. */
interface CompositionRecipe extends TaskRecipe {
  readonly data: { readonly positions: number; readonly batch: number };
  readonly model: { readonly width: number; readonly layers: number; readonly heads: number };
}

const positionsSchema = schemas.integer(8, 256);
const recipeSchema = v.strictObject({
  data: v.strictObject({ positions: positionsSchema, batch: schemas.integer(1, 4096) }),
  model: transformerSizeSchema,
  training: trainingSchema,
});
const taskSchema = v.strictObject({ kind: v.literal("composition", '"composition"'), positions: positionsSchema });

const LEVELS = 100;

/** Crosses have mean 0; a deviation of about 1 is what noise schedules are made for. */
const codec: Normalization = normalizationCodec({ mean: [0, 0], std: [0.6, 0.6] });

async function prepare(given: TaskRecipe): Promise<TaskJob> {
  const { data, model } = given as CompositionRecipe;
  const { positions, batch } = data;
  const diffusion = diffusionForcing({
    model: transformer({ features: 2, positions: "rotary", ...model }),
    schedule: cosineSchedule(LEVELS),
  });
  return {
    diffusion,
    batches: (_step, random) => ({
      tokens: codec.encode(crosses({ batch, length: positions }, random)),
      noiseLevels: dialLevels(random.split("levels"), { batch, tokens: positions, levels: LEVELS }),
    }),
    codec,
    record: { kind: "composition", positions },
    trainedOn: { tokens: [positions, positions] },
    card: {
      name: "composition",
      description: "Crosses on a square, composed into V shapes where the past is dropped.",
    },
    about: { positions },
  };
}

const evaluationOptions = (bundle?: Bundle): OptionSchemas => {
  const high = bundle?.task === undefined ? 256 : (bundle.task as unknown as { positions: number }).positions;
  return {
    trajectories: {
      kind: "integer",
      summary: "how many trajectories of each kind",
      default: 500,
      low: 1,
      high: 65_536,
    },
    memory: { kind: "integer", summary: "positions remembered where the past is dropped", default: 1, low: 0, high },
    plan: {
      kind: "integer",
      summary: "positions planned together",
      default: 4,
      low: 1,
      high,
    },
    dial: { kind: "flag", summary: "measure what lies between full memory and none, too" },
    steps: { kind: "integer", summary: "denoising steps of a plan", default: 50, low: 1, high: LEVELS },
    seed: { kind: "integer", summary: "seed of the data and of the noise", default: 1000, low: 0 },
  };
};

interface CompositionOptions {
  readonly trajectories: number;
  readonly memory: number;
  readonly plan: number;
  readonly dial: boolean;
  readonly steps: number;
  readonly seed: number;
}

type Shares = Readonly<Record<Shape, Estimate>>;

function sharesOf(trajectories: HostTensor): Shares {
  const found = shapesOf(trajectories);
  const share = (shape: Shape): Estimate => proportion(found.filter((one) => one === shape).length, found.length);
  return { cross: share("cross"), v: share("v"), back: share("back"), other: share("other") };
}

async function evaluate(bundle: Bundle, context: EvaluationContext): Promise<TaskReport> {
  const { positions } = check("A model of compositions", taskSchema, bundle.task, "invalid-config");
  const options = checkOptionValues("composition", evaluationOptions(bundle), context.options);
  const { trajectories, memory, plan, dial, steps, seed } = options as unknown as CompositionOptions;
  const { backend, signal, onProgress } = context;
  const random = createRandom(seed);
  const sampler = new Sampler(bundle.diffusion, {
    backend,
    parameters: bundle.parameters,
    timesteps: steps,
    // Fresh noise in every step lets positions that were drawn towards two corners at once decide for one.
    solver: ddim({ eta: 1 }),
  });
  const between = dial ? dialSettings(positions) : [];
  const total = positions * (2 + between.length);
  let done = 0;
  const sampled = async (remembered: number, planned: number): Promise<HostTensor> => {
    const tokens = await compose(sampler, {
      batch: trajectories,
      length: positions,
      memory: remembered,
      plan: planned,
      seed: random.split(`memory ${remembered} plan ${planned}`),
      ...(signal ? { signal } : {}),
      onProgress: (made) => onProgress?.(done + made, total, `memory ${remembered}, plans of ${planned}`),
    });
    done += positions;
    return codec.decode(tokens);
  };
  try {
    const data = crosses({ batch: trajectories, length: positions }, random.split("data"));
    const full = await sampled(positions, plan);
    const dropped = await sampled(memory, plan);
    const points: DialPoint[] = [];
    for (const remembered of between) {
      const shares = sharesOf(await sampled(remembered, plan));
      points.push({ memory: remembered, shares: valuesOf(shares) });
    }
    const [dataShares, fullShares, droppedShares] = [sharesOf(data), sharesOf(full), sharesOf(dropped)];
    const percent = (estimate: Estimate): string => formatEstimate(estimate, 100, 1, "%");
    return {
      title: `${trajectories} trajectories of ${positions} positions, ${steps} denoising steps, seed ${seed} (95 % intervals)`,
      rows: [
        [`memory of ${positions}, plans of ${plan}: ends in the opposite corner`, percent(fullShares.cross)],
        [`memory of ${memory}, plans of ${plan}: V shapes`, percent(droppedShares.v)],
        ["  crosses", percent(droppedShares.cross)],
        ["  there and back", percent(droppedShares.back)],
        ["the data: crosses", percent(dataShares.cross)],
        ["the data: V shapes", percent(dataShares.v)],
        ...points.map((point) => [`memory of ${point.memory}: V shapes, crosses`, dialText(point)] as const),
      ],
      document: {
        ...options,
        positions,
        data: dataShares,
        fullMemory: fullShares,
        shortPlans: droppedShares,
        ...(dial ? { points } : {}),
      },
      picture: compositionPicture(
        [
          { title: "The data", note: shapesText(dataShares), trajectories: data },
          { title: `Plans of ${plan}, full memory`, note: shapesText(fullShares), trajectories: full },
          { title: `Plans of ${plan}, the past dropped`, note: shapesText(droppedShares), trajectories: dropped },
        ],
        points,
      ),
    };
  } finally {
    await sampler.dispose();
  }
}

/** 1, 2, 3, 4, 6, 8, 12 ... and all. */
function dialSettings(positions: number): number[] {
  const settings = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192].filter((memory) => memory < positions);
  return [...settings, positions];
}

function valuesOf({ cross, v: vShape, back, other }: Shares): Record<Shape, number> {
  return { cross: cross.value, v: vShape.value, back: back.value, other: other.value };
}

const dialText = ({ shares }: DialPoint): string =>
  `${(100 * shares.v).toFixed(1)} %, ${(100 * shares.cross).toFixed(1)} %`;

const shapesText = ({ cross, v: vShape }: Shares): string =>
  `${(100 * cross.value).toFixed(0)} % crosses, ${(100 * vShape.value).toFixed(0)} % V shapes`;

function recipe(batch: number, model: CompositionRecipe["model"], training: TaskTraining): CompositionRecipe {
  return { data: { positions: 16, batch }, model, training };
}

/** The paper's compositional generation: one model that reproduces crosses, or composes V shapes where it forgets. */
export const compositionTask: Task = {
  name: "composition",
  summary: "crosses on a square, composed into V shapes by dropping the past",
  presets: {
    // A minute on two cores, for a first look.
    "composition-quick": recipe(
      32,
      { width: 48, layers: 2, heads: 4 },
      { steps: 1500, learningRate: 2e-3, schedule: { kind: "cosine", warmupSteps: 50 }, emaDecay: 0.99 },
    ),
    composition: recipe(
      32,
      { width: 64, layers: 3, heads: 4 },
      { steps: 5000, learningRate: 2e-3, schedule: { kind: "cosine", warmupSteps: 100 }, emaDecay: 0.998 },
    ),
  },
  parseRecipe: (value) => check("recipe", recipeSchema, value, "invalid-config") as CompositionRecipe,
  prepare,
  evaluationOptions,
  evaluate,
};
