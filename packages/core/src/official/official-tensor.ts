import type { Shape } from "../engine/tensor/shape.js";

/** A tensor of an official PyTorch state dict and the parameters whose elements it holds. */
export interface OfficialTensor {
  /** Name relative to the official diffusion module: `model.out.weight`. */
  readonly official: string;
  readonly officialShape: Shape;
  /** Whether it belongs to the module around the diffusion module: its name then lacks that module's own. */
  readonly outside?: boolean;
  /** This library's parameters whose elements it holds, one after the other along its first axis. */
  readonly own: readonly string[];
}
