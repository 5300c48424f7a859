import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { type DiT3dOptions, dit3d } from "./dit3d/index.js";
import type { Model } from "./model.js";
import { type RecurrentOptions, recurrent } from "./recurrent/index.js";
import { type TransformerOptions, transformer } from "./transformer/index.js";
import { type UNet3dOptions, unet3d } from "./unet3d/index.js";

const builders: Readonly<Record<string, (config: object) => Model>> = {
  dit3d: (config) => dit3d(config as DiT3dOptions),
  recurrent: (config) => recurrent(config as RecurrentOptions),
  transformer: (config) => transformer(config as TransformerOptions),
  unet3d: (config) => unet3d(config as UNet3dOptions),
};

/**
 * The model a stored config describes. Whatever the value is, it is checked.
 *
 * @throws `invalid-config` for what is no config, an unknown kind, and a field that is unknown, illegal or too large.
 */
export function modelFromConfig(config: unknown): Model {
  const known = Object.keys(builders).join(", ");
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new DiffusionForcingError(
      "invalid-config",
      `A model's config is ${describe(config)}; expected an object with a kind: ${known}.`,
    );
  }
  const kind: unknown = Object.hasOwn(config, "kind") ? (config as { kind: unknown }).kind : undefined;
  const build = typeof kind === "string" && Object.hasOwn(builders, kind) ? builders[kind] : undefined;
  if (build === undefined) {
    throw new DiffusionForcingError(
      "invalid-config",
      `There is no model of kind ${describe(kind)}; known kinds: ${known}.`,
    );
  }
  return build(config);
}
