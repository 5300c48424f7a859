import { DiffusionForcingError, type RandomStream } from "@diffusion-forcing/core";
import { parseChorales } from "../music/chorales.js";
import type { OptionFile } from "../task-options.js";
import { type Melody, voiceOf, walkingMelody } from "./melodies.js";
import type { World } from "./recipe.js";
import { mixed, render, type Timbre } from "./synthesizer.js";

/** Two sources and what they sound like together, samples at 8 kHz, of one length. */
export interface Sounds {
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly mixture: Float32Array;
}

/** Where pairs of sources come from. */
export interface Sources {
  draw(steps: number, random: RandomStream): Sounds;
}

/** A sine and a square wave; a flute and a reed. */
const timbres: Readonly<Record<World, readonly [Timbre, Timbre]>> = {
  waves: [[1], [1, 0, 1 / 3, 0, 1 / 5, 0, 1 / 7]],
  chorales: [
    [1, 0.25, 0.06],
    [0.7, 1, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1],
  ],
};

/**
 * The sources of a world.
 *
 * @param data chorales as JSON, for the world of chorales.
 * @param set of the chorales; melodies that are made up are never the same.
 * @throws `invalid-argument` without data for chorales, `corrupt-file`, `invalid-data`
 */
export function sourcesOf(world: World, data: OptionFile | undefined, set: "train" | "test"): Sources {
  const [flute, reed] = timbres[world];
  const sounds = (high: Melody, low: Melody, random: RandomStream): Sounds => {
    const [first, second] = [render(high, flute, random.split("first")), render(low, reed, random.split("second"))];
    return { first, second, mixture: mixed(first, second) };
  };
  if (world === "waves") {
    return {
      draw: (steps, random) =>
        sounds(walkingMelody(0, steps, random.split("high")), walkingMelody(1, steps, random.split("low")), random),
    };
  }
  if (data === undefined) {
    throw new DiffusionForcingError(
      "invalid-argument",
      "separation: data is missing; expected a file of chorales, as JSON, for the world of chorales.",
    );
  }
  const chorales = parseChorales(data)[set];
  return {
    draw(steps, random) {
      const long = chorales.filter(({ length }) => length >= steps);
      if (long.length === 0) {
        throw new DiffusionForcingError(
          "invalid-data",
          `${data.name} holds no chorale of ${steps} sixteenths in "${set}"; expected at least one.`,
        );
      }
      const chorale = long[random.integer(0, long.length)] as (typeof long)[number];
      const start = random.integer(0, chorale.length - steps + 1);
      return sounds(voiceOf(chorale, 0, start, steps), voiceOf(chorale, 1, start, steps), random);
    },
  };
}
