import type { Value, ValueOf } from "@diffusion-forcing/core/graph";
import { int } from "../attributes.js";
import type { Peephole } from "../lowering.js";

interface Piece {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

/** Slices that divide a value along one axis without gaps come from one Split. */
export const slicesAsSplit: Peephole = (node, { builder, nameOf, usersOf, once, target }) => {
  if (node.op !== "slice") return undefined;
  const [x] = node.inputs as readonly [Value];
  const own = pieceOf(node);
  if (own === undefined) return undefined;
  const pieces = new Map<number, Piece>();
  for (const user of usersOf(x)) {
    const piece = user.op === "slice" ? pieceOf(user) : undefined;
    if (piece?.axis === own.axis) pieces.set(piece.start, piece);
  }
  const ordered = [...pieces.values()].sort((a, b) => a.start - b.start);
  const size = x.shape[own.axis] as number;
  const gapless = ordered.every((piece, i) => piece.end === (ordered[i + 1]?.start ?? size));
  if (
    ordered.length < 2 ||
    ordered.length > target.splitOutputs ||
    ordered[0]?.start !== 0 ||
    !gapless ||
    pieces.get(own.start)?.end !== own.end
  )
    return undefined;
  const outputs = once(`split ${nameOf(x)} ${own.axis}`, () => {
    const sizes = builder.int64(ordered.map(({ start, end }) => end - start));
    return builder.nodeOutputs("Split", [nameOf(x), sizes], { axis: int(own.axis) }, { outputs: ordered.length });
  });
  return outputs[ordered.findIndex(({ start }) => start === own.start)];
};

/** The one axis that a slice with stride 1 cuts. */
function pieceOf(node: ValueOf<"slice">): Piece | undefined {
  const { starts, ends, strides } = node.attributes;
  const whole = (node.inputs[0] as Value).shape;
  const cut = whole.flatMap((size, axis) => (starts[axis] === 0 && ends[axis] === size ? [] : [axis]));
  const [axis] = cut;
  if (axis === undefined || cut.length > 1 || strides.some((stride) => stride !== 1)) return undefined;
  return { axis, start: starts[axis] as number, end: ends[axis] as number };
}
