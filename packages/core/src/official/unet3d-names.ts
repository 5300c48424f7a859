import { DiffusionForcingError } from "../engine/errors.js";
import type { Shape } from "../engine/tensor/shape.js";
import { rotaryFrequencies } from "../models/rotary.js";
import { completeConfig, type UNet3dConfig, type UNet3dOptions } from "../models/unet3d/config.js";
import { parameterSpecs } from "../models/unet3d/parameters.js";
import { planOf } from "../models/unet3d/plan.js";

/** One parameter in both worlds: the same numbers in the same order, under another name and shape. */
export interface OfficialParameter {
  /** Name in the official PyTorch state dict, relative to the diffusion module. */
  readonly official: string;
  /** Its shape there: kernels have an axis of time, of size 1. */
  readonly officialShape: Shape;
  /** Name in this library's model. */
  readonly own: string;
}

const ROOT = "model.module";

/** Official and own prefixes of the parts that have the same parameters inside. */
interface Part {
  readonly official: string;
  readonly own: string;
}

function renamed(part: Part, leaves: readonly (readonly [official: string, own: string])[]): Part[] {
  return leaves.map(([official, own]) => ({ official: `${part.official}.${official}`, own: `${part.own}.${own}` }));
}

const blockParts = (part: Part): Part[] =>
  renamed(part, [
    ["in_layers.0", "norm1"],
    ["in_layers.2", "convolution1"],
    ["emb_layers.1", "modulation"],
    ["out_layers.0", "norm2"],
    ["out_layers.2", "convolution2"],
    ["skip_conv", "shortcut"],
  ]);

const attentionParts = (part: Part, inside: string): Part[] =>
  renamed(part, [
    [`${inside}.norm`, "norm"],
    [`${inside}.attn.to_qkv`, "projection"],
    [`${inside}.attn.to_out`, "output"],
  ]);

const spatialParts = (part: Part): Part[] => attentionParts(part, "wrapper.module");

const temporalParts = (part: Part): Part[] => [
  ...attentionParts(part, "wrapper.module.attn_block"),
  ...renamed(part, [
    ["wrapper.module.time_pos_embedding.1.linear_1", "positions1"],
    ["wrapper.module.time_pos_embedding.1.linear_2", "positions2"],
  ]),
];

/** Two residual blocks, then attention, numbered from 0. */
function levelParts(official: string, own: string): Part[] {
  const at = (index: number, name: string): Part => ({ official: `${official}.${index}`, own: `${own}.${name}` });
  return [
    ...blockParts(at(0, "block1")),
    ...blockParts(at(1, "block2")),
    ...spatialParts(at(2, "spatial")),
    ...temporalParts(at(3, "temporal")),
  ];
}

/** Every part that a net of this config may have; some have no parameters in it. */
function allParts(config: UNet3dConfig): Part[] {
  const { down, up } = planOf(config);
  const temporal: Part = { official: `${ROOT}.init_temporal_attn`, own: "initialTemporal" };
  return [
    { official: `${ROOT}.noise_level_pos_embedding.1.linear_1`, own: "level1" },
    { official: `${ROOT}.noise_level_pos_embedding.1.linear_2`, own: "level2" },
    { official: `${ROOT}.init_conv`, own: "initial" },
    ...temporalParts(temporal),
    ...down.flatMap(({ name }, i) => [
      ...levelParts(`${ROOT}.down_blocks.${i}.0`, name),
      { official: `${ROOT}.down_blocks.${i}.1.conv`, own: `${name}.resampling` },
    ]),
    ...up.flatMap(({ name }, i) => [
      ...levelParts(`${ROOT}.up_blocks.${i}`, name),
      { official: `${ROOT}.up_blocks.${i}.4.conv`, own: `${name}.resampling` },
    ]),
    ...blockParts({ official: `${ROOT}.mid_block.0`, own: "middle.block1" }),
    ...spatialParts({ official: `${ROOT}.mid_block.1`, own: "middle.spatial" }),
    ...temporalParts({ official: `${ROOT}.mid_block.2`, own: "middle.temporal" }),
    ...blockParts({ official: `${ROOT}.mid_block.3`, own: "middle.block2" }),
    ...blockParts({ official: `${ROOT}.out.0`, own: "final" }),
    { official: `${ROOT}.out.1`, own: "output" },
  ];
}

/**
 * All parameters of a net by official and own name.
 *
 * @throws `invalid-config` for a net with conditions, which the official one does not take.
 */
export function officialParameters(options: UNet3dOptions): OfficialParameter[] {
  const config = completeConfig(options);
  if (config.conditionFeatures > 0) {
    throw new DiffusionForcingError(
      "invalid-config",
      `The official U-Net takes no conditions; got conditionFeatures ${config.conditionFeatures}, expected 0.`,
    );
  }
  const specs = parameterSpecs(config);
  return allParts(config).flatMap(({ official, own }) =>
    (["weight", "scale", "bias"] as const).flatMap((leaf) => {
      const name = `${own}.${leaf}`;
      if (!Object.hasOwn(specs, name)) return [];
      const { shape } = specs[name] as { shape: Shape };
      const officialShape = shape.length === 4 ? [...shape.slice(0, 2), 1, ...shape.slice(2)] : shape;
      return [{ official: `${official}.${leaf === "bias" ? "bias" : "weight"}`, officialShape, own: name }];
    }),
  );
}

/** Entries of the official state dict that are constants here, each float32 [headWidth / 2]. */
export function officialConstants(options: UNet3dOptions): Record<string, Float32Array> {
  const config = completeConfig(options);
  if (config.positions !== "rotary") return {};
  const frequencies = rotaryFrequencies(config.headWidth);
  const temporal = officialParameters(config)
    .map(({ official }) => official)
    .filter((official) => official.endsWith(".attn_block.attn.to_qkv.weight"))
    .map((official) => official.replace("to_qkv.weight", "rotary_emb.freqs"));
  const names = [`${ROOT}.rotary_time_pos_embedding.freqs`, ...temporal];
  return Object.fromEntries(names.map((name) => [name, frequencies]));
}
