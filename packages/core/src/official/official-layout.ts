import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import type { ModelConfig } from "../models/model.js";
import { modelFromConfig } from "../models/model-from-config.js";
import type { RecurrentConfig } from "../models/recurrent/index.js";
import type { TransformerConfig } from "../models/transformer/index.js";
import type { UNet3dConfig } from "../models/unet3d/index.js";
import type { OfficialTensor } from "./official-tensor.js";
import { learnedStateName, recurrentLayout } from "./recurrent-layout.js";
import { transformerLayout } from "./transformer-layout.js";
import { officialConstants, officialParameters } from "./unet3d-names.js";

/** Where everything of a model stands in the official state dict. */
export interface OfficialLayout {
  readonly tensors: readonly OfficialTensor[];
  /** Entries that are constants here. */
  readonly constants: Readonly<Record<string, Float32Array>>;
  /** Names of weights outside the diffusion module that such a model may have. */
  readonly outside?: readonly string[];
}

const layouts: Readonly<Record<string, (config: ModelConfig) => OfficialLayout>> = {
  recurrent: (config) => ({
    tensors: recurrentLayout(config as RecurrentConfig),
    constants: {},
    outside: [learnedStateName],
  }),
  transformer: (config) => ({ tensors: transformerLayout(config as TransformerConfig), constants: {} }),
  unet3d: (config) => ({
    tensors: officialParameters(config as unknown as UNet3dConfig).map((entry) => ({ ...entry, own: [entry.own] })),
    constants: officialConstants(config as unknown as UNet3dConfig),
  }),
};

/** @throws `invalid-config` for an illegal config or a kind of model that the official code does not have. */
export function officialLayout(config: ModelConfig): OfficialLayout {
  const kind: unknown = config?.kind;
  const layout = typeof kind === "string" && Object.hasOwn(layouts, kind) ? layouts[kind] : undefined;
  if (layout === undefined) {
    throw new DiffusionForcingError(
      "invalid-config",
      `The official code has no model of kind ${describe(kind)}; it has ${Object.keys(layouts).join(", ")}.`,
    );
  }
  return layout(modelFromConfig(config).config);
}
