import { sizeOf, type Value } from "@diffusion-forcing/core/graph";
import { flag } from "../attributes.js";
import type { Peephole } from "../lowering.js";
import { scaledValue } from "./patterns.js";

/** `sum(x) / count`: one ReduceMean. */
export const mean: Peephole = (node, { builder, nameOf, usedOnce }) => {
  const scaled = scaledValue(node);
  if (scaled?.x.op !== "sum" || !usedOnce(scaled.x)) return undefined;
  const { axes, keepDims } = scaled.x.attributes;
  const [x] = scaled.x.inputs as readonly [Value];
  const count = sizeOf(axes.map((axis) => x.shape[axis] as number));
  if (scaled.factor !== Math.fround(1 / count)) return undefined;
  return builder.node("ReduceMean", [nameOf(x), builder.int64(axes)], { keepdims: flag(keepDims) });
};
