import { sizeOf, type Value } from "@diffusion-forcing/core/graph";
import type { Lowering } from "../lowering.js";

/** `x c` taken apart, where c is a constant of one float32 element that does not add axes. */
export function scaledValue(node: Value): { x: Value; factor: number } | undefined {
  if (node.op !== "mul") return undefined;
  for (const side of [0, 1]) {
    const [x, constant] = [node.inputs[1 - side], node.inputs[side]] as [Value, Value];
    if (constant.op === "constant" && constant.dtype === "float32" && constant.attributes.data.length === 1) {
      if (x.shape.length === node.shape.length) return { x, factor: constant.attributes.data[0] as number };
    }
  }
  return undefined;
}

/** The name of `value` with its elements in another shape. A reshape that is undone costs nothing. */
export function reshapedName(value: Value, shape: readonly number[], { builder, nameOf, once }: Lowering): string {
  let source = value;
  while (source.op === "reshape") source = source.inputs[0] as Value;
  for (const candidate of [value, source]) {
    if (sameShape(candidate.shape, shape)) return nameOf(candidate);
  }
  return once(`reshape ${nameOf(source)} ${shape.join()}`, () =>
    builder.node("Reshape", [nameOf(source), builder.int64(shape)]),
  );
}

/** Gives a result of shape `from` the shape that its node has. */
export function toNodeShape(name: string, from: readonly number[], node: Value, { builder }: Lowering): string {
  return sameShape(from, node.shape) ? name : builder.node("Reshape", [name, builder.int64(node.shape)]);
}

/** A vector of `length` float32 ones in the shape given, one initialiser per shape. */
export function ones(shape: readonly number[], { builder, once }: Lowering): string {
  return once(`ones ${shape.join()}`, () =>
    builder.constant(new Float32Array(sizeOf(shape)).fill(1), "float32", shape),
  );
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
