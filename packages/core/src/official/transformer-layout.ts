import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { type TransformerConfig, transformer } from "../models/transformer/index.js";
import type { OfficialTensor } from "./official-tensor.js";

type Entry = readonly [official: string, own: readonly string[]];

function dense(official: string, own: string): Entry[] {
  return [
    [`${official}.weight`, [`${own}.weight`]],
    [`${official}.bias`, [`${own}.bias`]],
  ];
}

function norm(official: string, own: string): Entry[] {
  return [
    [`${official}.weight`, [`${own}.scale`]],
    [`${official}.bias`, [`${own}.bias`]],
  ];
}

function layer(index: number): Entry[] {
  const official = `model.transformer.layers.${index}`;
  const own = `layers.${index}`;
  const packed = (leaf: string) => ["query", "key", "value"].map((role) => `${own}.attention.${role}.${leaf}`);
  return [
    [`${official}.self_attn.in_proj_weight`, packed("weight")],
    [`${official}.self_attn.in_proj_bias`, packed("bias")],
    ...dense(`${official}.self_attn.out_proj`, `${own}.attention.output`),
    ...dense(`${official}.linear1`, `${own}.feedForward1`),
    ...dense(`${official}.linear2`, `${own}.feedForward2`),
    ...norm(`${official}.norm1`, `${own}.norm1`),
    ...norm(`${official}.norm2`, `${own}.norm2`),
  ];
}

/**
 * The official transformer: PyTorch's encoder layers, whose input projection packs query, key and value.
 *
 * @throws `invalid-config` for other positions than sinusoidal ones.
 */
export function transformerLayout(config: TransformerConfig): OfficialTensor[] {
  if (config.positions !== "sinusoidal") {
    throw new DiffusionForcingError(
      "invalid-config",
      `The official transformer has sinusoidal positions, and this config says ${describe(config.positions)}. Set \`positions: "sinusoidal"\`.`,
    );
  }
  const { parameters } = transformer(config);
  const entries = [
    ...dense("model.init_mlp.0", "embedding1"),
    ...dense("model.init_mlp.2", "embedding2"),
    ...Array.from({ length: config.layers }, (_, index) => layer(index)).flat(),
    ...dense("model.out", "output"),
  ];
  return entries.map(([official, own]) => {
    const [rows = 1, ...rest] = parameters[own[0] as string]?.shape ?? [];
    return { official, officialShape: [rows * own.length, ...rest], own };
  });
}
