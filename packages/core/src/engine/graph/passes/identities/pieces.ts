import { type Shape, shapesEqual, sizeOf } from "../../../tensor/shape.js";
import type { Value } from "../../value.js";
import type { Identity, Make } from "./identity.js";

// The derivative of a slice is a pad, so that what is cut into pieces gets a sum of pads: as many passes over the whole
// as there are pieces. Pieces side by side are joined instead, a piece inside another is added there, and either is done
// in the layout that the pieces were made in, so that one transposition brings back all of them.

/** `content` at [start, start + its length) along one axis of a whole of zeros. */
interface Piece {
  readonly content: Value;
  readonly axis: number;
  readonly start: number;
  readonly whole: Shape;
}

function pieceOf(value: Value | undefined): Piece | undefined {
  if (value?.op !== "pad" || value.attributes.value !== 0) return undefined;
  const { low, high } = value.attributes;
  const padded = value.shape.flatMap((_, axis) => ((low[axis] as number) + (high[axis] as number) > 0 ? [axis] : []));
  const [axis] = padded;
  if (axis === undefined || padded.length > 1) return undefined;
  return { content: value.inputs[0] as Value, axis, start: low[axis] as number, whole: value.shape };
}

/** `x` at [start, ..) of zeros that are `size` long. */
function placed(x: Value, axis: number, start: number, size: number, make: Make): Value {
  const at = (amount: number): number[] => x.shape.map((_, i) => (i === axis ? amount : 0));
  return make("pad", [x], { low: at(start), high: at(size - start - (x.shape[axis] as number)), value: 0 });
}

/** What joins two values along an axis: their other sizes agree and stay. */
type Join = (a: Value, b: Value, axis: number) => Value;

/** `join`, before the transpositions and reshapes that both have gone through; undefined where there are none. */
function joinedBefore(a: Value, b: Value, axis: number, join: Join, make: Make): Value | undefined {
  const within: Join = (x, y, along) => joinedBefore(x, y, along, join, make) ?? join(x, y, along);
  const [x, y] = [a.inputs[0] as Value, b.inputs[0] as Value];
  if (a.op === "transpose" && b.op === "transpose") {
    const { permutation } = a.attributes;
    if (!permutation.every((from, i) => from === b.attributes.permutation[i])) return undefined;
    return make("transpose", [within(x, y, permutation[axis] as number)], { permutation });
  }
  if (a.op === "reshape" && b.op === "reshape") {
    const [along, other] = [axisBefore(a, x, axis), axisBefore(b, y, axis)];
    if (along === undefined || along !== other || !agreeBeside(x.shape, y.shape, along)) return undefined;
    const both = within(x, y, along);
    const shape = a.shape.map((size, i) => (i === axis ? (both.shape[along] as number) : size));
    return make("reshape", [both], { shape });
  }
  return undefined;
}

/** The axis of `source` that is an axis of its reshaped form, size and place. */
function axisBefore(reshaped: Value, source: Value, axis: number): number | undefined {
  const before = sizeOf(reshaped.shape.slice(0, axis));
  const found = source.shape.findIndex(
    (size, i) => size === reshaped.shape[axis] && sizeOf(source.shape.slice(0, i)) === before,
  );
  return found < 0 ? undefined : found;
}

function agreeBeside(a: Shape, b: Shape, axis: number): boolean {
  return a.length === b.length && a.every((size, i) => i === axis || size === b[i]);
}

function lengthOf({ content, axis }: Piece): number {
  return content.shape[axis] as number;
}

function sameWhole(a: Piece, b: Piece): boolean {
  return a.axis === b.axis && shapesEqual(a.whole, b.whole);
}

/** The sum of two pieces of one whole that lie side by side as one piece. */
function besideEachOther(a: Piece, b: Piece, make: Make): Value | undefined {
  const { axis, whole } = a;
  const [first, second] = a.start <= b.start ? [a, b] : [b, a];
  if (!sameWhole(a, b) || first.start + lengthOf(first) !== second.start) return undefined;
  const join: Join = (x, y, along) => make("concat", [x, y], { axis: along });
  const both = joinedBefore(first.content, second.content, axis, join, make);
  const joined = both ?? join(first.content, second.content, axis);
  return placed(joined, axis, first.start, whole[axis] as number, make);
}

/** The sum of a piece and another inside it as one piece. */
function insideEachOther(a: Piece, b: Piece, make: Make): Value | undefined {
  const { axis, whole } = a;
  const [outer, inner] = lengthOf(a) >= lengthOf(b) ? [a, b] : [b, a];
  const isInside =
    inner.start >= outer.start && inner.start + lengthOf(inner) <= outer.start + lengthOf(outer) && sameWhole(a, b);
  if (!isInside) return undefined;
  const join = addedAt(inner.start - outer.start, make);
  const both = joinedBefore(outer.content, inner.content, axis, join, make);
  const joined = both ?? join(outer.content, inner.content, axis);
  return placed(joined, axis, outer.start, whole[axis] as number, make);
}

/** The second is added to the first from `start` on. */
function addedAt(start: number, make: Make): Join {
  return (outer, inner, axis) =>
    make("add", [outer, placed(inner, axis, start, outer.shape[axis] as number, make)], {});
}

/** The two pieces that are added, if both are. */
function addends({ inputs: [left, right] }: Value): readonly [Piece, Piece] | undefined {
  const [a, b] = [pieceOf(left), pieceOf(right)];
  return a === undefined || b === undefined ? undefined : [a, b];
}

export const joinPieces: Identity<"add"> = {
  name: "pad(a) + pad(b) = pad(concat(a, b))",
  rewrite: (node, make) => {
    const pieces = addends(node);
    return pieces === undefined ? undefined : besideEachOther(...pieces, make);
  },
};

export const addInsidePiece: Identity<"add"> = {
  name: "pad(a) + pad(b) = pad(a + pad(b))",
  rewrite: (node, make) => {
    const pieces = addends(node);
    return pieces === undefined ? undefined : insideEachOther(...pieces, make);
  },
};

export const addPieceBefore: Identity<"add"> = {
  name: "transpose(a) + pad(transpose(b)) = transpose(a + pad(b))",
  rewrite: ({ inputs }, make) => {
    for (const side of [0, 1]) {
      const [whole, piece] = [inputs[side] as Value, pieceOf(inputs[1 - side])];
      if (piece === undefined || !shapesEqual(whole.shape, piece.whole)) continue;
      return joinedBefore(whole, piece.content, piece.axis, addedAt(piece.start, make), make);
    }
    return undefined;
  },
};

/** Only for pieces side by side, whose sum is exact. */
export const gatherPieces: Identity<"add"> = {
  name: "(x + pad(a)) + pad(b) = x + (pad(a) + pad(b))",
  rewrite: ({ inputs }, make) => {
    for (const side of [0, 1]) {
      const [sum, piece] = [inputs[side] as Value, pieceOf(inputs[1 - side])];
      if (sum.op !== "add" || piece === undefined) continue;
      for (const index of [1, 0]) {
        const other = pieceOf(sum.inputs[index]);
        const both = other === undefined ? undefined : besideEachOther(other, piece, make);
        if (both !== undefined) return make("add", [sum.inputs[1 - index] as Value, both], {});
      }
    }
    return undefined;
  },
};

/** Along one axis. */
export const flattenConcat: Identity<"concat"> = {
  name: "concat(concat(a, b), c) = concat(a, b, c)",
  rewrite: ({ inputs, attributes }, make) => {
    const isNested = (value: Value): boolean => value.op === "concat" && value.attributes.axis === attributes.axis;
    if (!inputs.some(isNested)) return undefined;
    const parts = inputs.flatMap((value) => (isNested(value) ? value.inputs : [value]));
    return make("concat", parts, attributes);
  },
};
