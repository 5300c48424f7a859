import { recurrent, transformer } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import type { Model } from "@diffusion-forcing/core/models";
import * as v from "valibot";
import { trainingSchema } from "../recipe-schemas.js";
import type { TaskRecipe } from "../task.js";

/** A network of series, but for what its data decide. */
export type SeriesNetwork =
  | { readonly kind: "transformer"; readonly width: number; readonly layers: number; readonly heads: number }
  | { readonly kind: "recurrent"; readonly stateSize: number; readonly width: number };

/** What a recipe says of the model and of how it is trained; what it is trained on are options. */
export interface SeriesRecipe extends TaskRecipe {
  readonly series: {
    readonly network: SeriesNetwork;
    /** Windows of a step. */
    readonly batch: number;
    /** Share of the rows, in stretches all over the data, that is only validated on. */
    readonly validation: number;
    /** Validations in a row without a new best after which training ends, one every 100 steps. */
    readonly patience: number;
  };
}

const size = (low: number, high = 4096) => schemas.integer(low, high);

const recipeSchema = v.strictObject({
  series: v.strictObject({
    network: v.variant(
      "kind",
      [
        v.strictObject({ kind: v.literal("transformer"), width: size(8), layers: size(1, 64), heads: size(1, 64) }),
        v.strictObject({ kind: v.literal("recurrent"), stateSize: size(1), width: size(4) }),
      ],
      'a network of kind "transformer" or "recurrent"',
    ),
    batch: size(1, 65_536),
    validation: schemas.number(0, 0.5),
    patience: size(1, 1e6),
  }),
  training: trainingSchema,
});

/** @throws `invalid-config` naming the field that is wrong */
export function parseSeriesRecipe(value: unknown): SeriesRecipe {
  return check("recipe", recipeSchema, value, "invalid-config") as SeriesRecipe;
}

/** The network for tokens of so many features, told of so many. @throws `invalid-config` */
export function networkOf(network: SeriesNetwork, features: number, conditionFeatures: number): Model {
  const { kind: _, ...options } = network;
  const whole = { ...options, features, conditionFeatures };
  return network.kind === "transformer" ? transformer(whole) : recurrent(whole);
}

const cosine = { kind: "cosine", warmupSteps: 50 } as const;

function preset(network: SeriesNetwork, steps: number, learningRate: number): SeriesRecipe {
  return {
    series: { network, batch: 64, validation: 0.1, patience: 10 },
    training: { steps, learningRate, schedule: cosine, emaDecay: 0.99 },
  };
}

/** A minute or two on two cores, enough for rates and the like; for series with more to learn; the paper's architecture. */
export const seriesPresets: Readonly<Record<string, SeriesRecipe>> = {
  "series-small": preset({ kind: "transformer", width: 16, layers: 2, heads: 2 }, 600, 4e-3),
  "series-base": preset({ kind: "transformer", width: 64, layers: 3, heads: 4 }, 5000, 2e-3),
  "series-recurrent": preset({ kind: "recurrent", stateSize: 64, width: 16 }, 3000, 2e-3),
};
