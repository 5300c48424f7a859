/** The mean difference of horizontal neighbours of a frame [C, H, W]: blurred pictures have less of it, noise has more. */
export function sharpness(
  frame: ArrayLike<number>,
  [channels, height, width]: readonly [number, number, number],
): number {
  let total = 0;
  for (let row = 0; row < channels * height; row++) {
    for (let column = 1; column < width; column++) {
      const at = row * width + column;
      total += Math.abs((frame[at] as number) - (frame[at - 1] as number));
    }
  }
  return total / (channels * height * (width - 1));
}
