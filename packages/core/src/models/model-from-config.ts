import { DiffusionForcingError } from "../engine/errors.js";
import { type DiT3dOptions, dit3d } from "./dit3d/index.js";
import type { Model, ModelConfig } from "./model.js";
import { type RecurrentOptions, recurrent } from "./recurrent/index.js";
import { type TransformerOptions, transformer } from "./transformer.js";
import { type UNet3dOptions, unet3d } from "./unet3d/index.js";

const builders: Readonly<Record<string, (config: ModelConfig) => Model>> = {
  dit3d: (config) => dit3d(config as unknown as DiT3dOptions),
  recurrent: (config) => recurrent(config as unknown as RecurrentOptions),
  transformer: (config) => transformer(config as unknown as TransformerOptions),
  unet3d: (config) => unet3d(config as unknown as UNet3dOptions),
};

/**
 * The model a stored config describes.
 *
 * @throws `invalid-config` for an unknown kind or an illegal field.
 */
export function modelFromConfig(config: ModelConfig): Model {
  const build = Object.hasOwn(builders, config.kind) ? builders[config.kind] : undefined;
  if (build === undefined) {
    throw new DiffusionForcingError(
      "invalid-config",
      `There is no model of kind "${config.kind}"; known kinds: ${Object.keys(builders).join(", ")}.`,
    );
  }
  return build(config);
}
