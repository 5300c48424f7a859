import { type HostTensor, type RandomStream, tensor, zeros } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { checkRandom } from "../option-schemas.js";

/** Corners of the square, in order around it: neighbours in the list are adjacent, the next but one is opposite. */
export const corners: readonly (readonly [x: number, y: number])[] = [
  [-1, -1],
  [1, -1],
  [1, 1],
  [-1, 1],
];

/** Standard deviation of every coordinate about the path, drawn anew for every position. */
const JITTER = 0.03;
/** Standard deviation of where a trajectory ends about its corner, in each coordinate. */
const END_SPREAD = 0.05;

export interface CrossesOptions {
  /** Trajectories. */
  readonly batch: number;
  /** Positions of each, at least 2. */
  readonly length: number;
}

const optionsSchema = v.strictObject({ batch: schemas.integer(1), length: schemas.integer(2) });

/**
 * Trajectories on the square from -1 to 1: each starts in one of the four corners, slows down, passes the centre and
 * ends in the opposite corner, so that all of them together are a cross (Chen et al. 2024, compositional generation).
 *
 * Position t lies u^2 of the way from the centre to its corner, u falling from 1 to 0 and rising again evenly. About the
 * centre some positions therefore lie closer together than they are jittered (standard deviation 0.03): who sees only one
 * of them cannot say which corner the trajectory came from, who sees the whole past can.
 *
 * @returns float32 [batch, length, 2]
 * @throws `invalid-argument`
 */
export function crosses(options: CrossesOptions, random: RandomStream): HostTensor<"float32"> {
  const { batch, length } = check("crosses", optionsSchema, options);
  checkRandom("crosses", random);
  const { data } = zeros("float32", [batch, length, 2]);
  for (let b = 0; b < batch; b++) {
    const from = random.integer(0, corners.length);
    const ends = [endNear(from, random), endNear((from + 2) % corners.length, random)] as const;
    for (let t = 0; t < length; t++) {
      const u = (2 * t) / (length - 1) - 1;
      const [x, y] = u < 0 ? ends[0] : ends[1];
      const at = (b * length + t) * 2;
      data[at] = u * u * x + JITTER * random.normal();
      data[at + 1] = u * u * y + JITTER * random.normal();
    }
  }
  return tensor(data, [batch, length, 2]);
}

function endNear(corner: number, random: RandomStream): readonly [x: number, y: number] {
  const [x, y] = corners[corner] as readonly [number, number];
  return [x + END_SPREAD * random.normal(), y + END_SPREAD * random.normal()];
}
