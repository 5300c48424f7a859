import { sharpness } from "../sharpness.js";
import type { World } from "../world.js";
import type { WorldConfig } from "../world-config.js";
import { mnistDigits } from "./mnist.js";
import { movingDigits } from "./moving-digits.js";

/** Moving MNIST. Its digits are loaded with the first videos. */
export function digitsWorld({ size, digitSize, digits: count }: Extract<WorldConfig, { kind: "digits" }>): World {
  let loaded: ReturnType<typeof mnistDigits> | undefined;
  return {
    tokenShape: [1, size, size],
    actions: [],
    context: 10,
    framesPerSecond: 8,
    needsData: true,
    videos: async ({ batch, length }, random, part) => {
      loaded ??= mnistDigits(digitSize);
      const { [part]: digits } = await loaded;
      return { frames: movingDigits({ batch, length, digits, count, size }, random) };
    },
    statistics: (frame) => ({
      ink: Array.from(frame).reduce((sum, value) => sum + (value + 1) / 2, 0),
      sharpness: sharpness(frame, [1, size, size]),
    }),
  };
}
