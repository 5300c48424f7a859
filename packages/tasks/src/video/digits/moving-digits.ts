import { DiffusionForcingError, type HostTensor, type RandomStream, tensor, zeros } from "@diffusion-forcing/core";
import { check, describe, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { checkRandom } from "../../option-schemas.js";

/** Pictures of digits, square and grey, 0 (black) to 1. */
export interface DigitImages {
  /** Height and width, in pixels. */
  readonly size: number;
  /** Each `[size * size]`. */
  readonly images: readonly ArrayLike<number>[];
}

export interface MovingDigitsOptions {
  /** Sequences. */
  readonly batch: number;
  /** Frames of each. */
  readonly length: number;
  readonly digits: DigitImages;
  /** How many digits move in a video. Default 2. */
  readonly count?: number;
  /** Height and width of a frame, in pixels. Default 32. */
  readonly size?: number;
}

const optionsSchema = v.strictObject({
  batch: schemas.integer(1),
  length: schemas.integer(1),
  digits: v.object(
    {
      size: schemas.integer(1),
      images: schemas.satisfying<DigitImages["images"]>("a list of pictures", Array.isArray),
    },
    "pictures of digits { size, images }",
  ),
  count: v.optional(schemas.integer(1), 2),
  size: v.optional(schemas.integer(1), 32),
});

/** How far a digit goes from one frame to the next, in sides of a frame, as in 3 to 5 of 64 pixels. */
const [SLOWEST, FASTEST] = [3 / 64, 5 / 64];

/**
 * Moving MNIST (Srivastava, Mansimov and Salakhutdinov 2015): digits fly at steady speeds in random directions, one over
 * the other, and bounce off the frame's edges. Places are rounded to whole pixels.
 *
 * @returns float32 [batch, length, 1, size, size], -1 black to 1 white.
 * @throws `invalid-argument`, for digits that do not fit, or none, too; `shape-mismatch` for one of another size.
 */
export function movingDigits(options: MovingDigitsOptions, random: RandomStream): HostTensor<"float32"> {
  const { batch, length, digits, count, size } = check("movingDigits", optionsSchema, options);
  checkRandom("movingDigits", random);
  const room = size - digits.size;
  if (digits.images.length === 0 || !(room > 0)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `movingDigits: ${digits.images.length} digits of ${digits.size} pixels in frames of ${size}; expected some digits, smaller than a frame.`,
    );
  }
  const odd = digits.images.findIndex((image) => image?.length !== digits.size ** 2);
  if (odd >= 0) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `movingDigits: image ${odd} has ${describe(digits.images[odd]?.length)} numbers; expected ${digits.size ** 2}, for ${digits.size} by ${digits.size} pixels.`,
    );
  }
  const area = size * size;
  const data = zeros("float32", [batch, length, area]).data.fill(-1);
  for (let sequence = 0; sequence < batch; sequence++) {
    for (let digit = 0; digit < count; digit++) {
      const image = digits.images[random.integer(0, digits.images.length)] as ArrayLike<number>;
      for (const [frame, [x, y]] of flight(room, length, size, random).entries()) {
        const start = (sequence * length + frame) * area + Math.round(y) * size + Math.round(x);
        for (let at = 0; at < image.length; at++) {
          const place = start + Math.floor(at / digits.size) * size + (at % digits.size);
          data[place] = Math.max(data[place] as number, 2 * (image[at] as number) - 1);
        }
      }
    }
  }
  return tensor(data, [batch, length, 1, size, size]);
}

/** Places 0..room in both directions, frame by frame, at a steady speed but for reflections. */
function flight(room: number, length: number, size: number, random: RandomStream): [number, number][] {
  const [dx, dy] = direction(random);
  const speed = size * (SLOWEST + (FASTEST - SLOWEST) * random.uniform());
  const [x, y] = [room * random.uniform(), room * random.uniform()];
  return Array.from({ length }, (_, t) => [reflected(x + t * speed * dx, room), reflected(y + t * speed * dy, room)]);
}

/** A unit vector, uniform over directions, in arithmetic that is the same in every engine. */
function direction(random: RandomStream): readonly [number, number] {
  for (;;) {
    const [x, y] = [2 * random.uniform() - 1, 2 * random.uniform() - 1];
    const length = Math.sqrt(x * x + y * y);
    if (length > 0.01 && length <= 1) return [x / length, y / length];
  }
}

/** Where something is that flies to and fro between 0 and `room`. */
function reflected(place: number, room: number): number {
  const phase = ((place % (2 * room)) + 2 * room) % (2 * room);
  return phase <= room ? phase : 2 * room - phase;
}
