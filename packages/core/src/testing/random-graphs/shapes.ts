import { allocate, type DType } from "../../engine/tensor/dtype.js";
import { broadcastShapes, type Shape, shapesEqual, sizeOf } from "../../engine/tensor/shape.js";
import type { HostTensor } from "../../engine/tensor/tensor.js";
import type { Dice } from "./dice.js";

const SIZES = [1, 1, 2, 3, 7];

/** More elements than this only take time. */
const MOST_ELEMENTS = 700;

export function isSmall(shape: Shape): boolean {
  return sizeOf(shape) <= MOST_ELEMENTS && shape.length <= 6;
}

/** Odd sizes, and many of 1, at a rank from `least` to 4, seldom to 6. */
export function drawShape(dice: Dice, least = 0): number[] {
  const rank = dice.chance(0.1) ? dice.whole(Math.max(least, 5), 6) : dice.whole(least, 4);
  const shape = Array.from({ length: rank }, () => dice.pick(SIZES));
  while (!isSmall(shape)) shape[dice.whole(0, rank - 1)] = 1;
  return shape;
}

/** A shape that broadcasts with `shape`: leading axes fewer or more, sizes of 1 on either side. */
export function drawPartner(dice: Dice, shape: Shape): number[] {
  for (let attempt = 0; attempt < 5; attempt++) {
    const kept = shape.slice(dice.chance(0.3) ? dice.whole(0, shape.length) : 0);
    const sizes = kept.map((size) =>
      size === 1 && dice.chance(0.4) ? dice.pick(SIZES) : dice.chance(0.25) ? 1 : size,
    );
    const added = dice.chance(0.15) ? [dice.pick(SIZES)] : [];
    const partner = [...added, ...sizes];
    const joined = broadcastShapes(shape, partner);
    if (joined !== undefined && isSmall(joined)) return partner;
  }
  return [...shape];
}

/** Another shape of as many elements. */
export function drawRegrouping(dice: Dice, shape: Shape): number[] {
  const factors = shape.filter((size) => size !== 1);
  const result: number[] = [];
  for (const factor of factors) {
    const last = result.length - 1;
    if (last >= 0 && dice.chance(0.4)) result[last] = (result[last] as number) * factor;
    else result.push(factor);
  }
  while (result.length < 6 && dice.chance(0.35)) result.splice(dice.whole(0, result.length), 0, 1);
  return shapesEqual(result, shape) ? [...result, 1].slice(0, 6) : result;
}

/** An input of a dtype: floats around 0 or small whole numbers, integers small or of all 32 bits, booleans. */
export function drawTensorOf(dice: Dice, dtype: DType, shape: Shape): HostTensor {
  const whole = dtype === "float32" && dice.chance(0.2);
  const wide = dtype === "int32" && dice.chance(0.25);
  const element = (): number => {
    if (dtype === "bool") return dice.whole(0, 1);
    if (dtype === "int32") return wide ? dice.whole(-(2 ** 31), 2 ** 31 - 1) : dice.whole(-9, 9);
    return whole ? dice.whole(-3, 3) : dice.between(-2, 2);
  };
  return filled(dtype, shape, element);
}

/** Whole numbers from 0 to `most`. */
export function drawIndices(dice: Dice, most: number, shape: Shape): HostTensor {
  return filled("int32", shape, () => dice.whole(0, most));
}

/** Floats that may stand below a fraction or under a root. */
export function drawPositive(dice: Dice, shape: Shape): HostTensor {
  return filled("float32", shape, () => dice.between(0.5, 2));
}

function filled(dtype: DType, shape: Shape, element: () => number): HostTensor {
  const data = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = element();
  return { dtype, shape: [...shape], data } as HostTensor;
}
