import { add, constant, matmul, mul, reshape, sub } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { type HostTensor, zeros } from "../engine/tensor/tensor.js";

/** Cosine and sine of every position's angle in every feature, each float32 [count, width]. */
export interface RotaryTables {
  readonly cosines: HostTensor<"float32">;
  readonly sines: HostTensor<"float32">;
}

/** base^(-2 i / width), i = 0 .. width / 2 - 1: radians by which the i-th pair of features turns per position. */
export function rotaryFrequencies(width: number, base = 10000): Float32Array {
  return Float32Array.from({ length: width / 2 }, (_, i) => 1 / Math.fround(base ** Math.fround((2 * i) / width)));
}

/**
 * @param positions of each row; need not be integers or in order. Angles are not rounded before their sine is taken, so
 *   that equal distances turn alike wherever they are.
 */
export function rotaryTables(positions: readonly number[], width: number, base = 10000): RotaryTables {
  const frequencies = rotaryFrequencies(width, base);
  const cosines = zeros("float32", [positions.length, width]);
  const sines = zeros("float32", [positions.length, width]);
  positions.forEach((position, row) => {
    for (let i = 0; i < width; i++) {
      const angle = position * (frequencies[i >> 1] as number);
      cosines.data[row * width + i] = Math.cos(angle);
      sines.data[row * width + i] = Math.sin(angle);
    }
  });
  return { cosines, sines };
}

/** [width, width]: x times it is (-x1, x0, -x3, x2, ..), each pair turned by a right angle. */
function quarterTurn(width: number): HostTensor<"float32"> {
  const turn = zeros("float32", [width, width]);
  for (let i = 0; i < width; i += 2) {
    turn.data[(i + 1) * width + i] = -1;
    turn.data[i * width + i + 1] = 1;
  }
  return turn;
}

/**
 * Rotary position embedding (Su et al. 2021): each pair of neighbouring features of x [..., width] turns by the angle of
 * its position along `axis`, so that the product of a query and a key depends on the distance of their positions.
 */
export function rotate(x: Value, tables: RotaryTables, axis = 0): Value {
  return turnedBy(x, tables, axis, add);
}

/** Undoes {@link rotate}. */
export function rotateBack(x: Value, tables: RotaryTables, axis = 0): Value {
  return turnedBy(x, tables, axis, sub);
}

function turnedBy(x: Value, { cosines, sines }: RotaryTables, axis: number, join: typeof add): Value {
  if (sines.data.every((sine) => sine === 0)) return x;
  const [length, width] = cosines.shape as [number, number];
  const along = x.shape.map((_, i) => (i === axis ? length : i === x.shape.length - 1 ? width : 1));
  const turned = reshape(matmul(reshape(x, [-1, width]), constant(quarterTurn(width))), x.shape);
  return join(mul(x, reshape(constant(cosines), along)), mul(turned, reshape(constant(sines), along)));
}
