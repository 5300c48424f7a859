import { DiffusionForcingError } from "../engine/errors.js";
import { sizeOf } from "../engine/tensor/shape.js";
import type { Model } from "../models/model.js";

/** One walk holds all its sequences at every level: a million tokens or a gigabyte of numbers is far beyond any device. */
const MOST_TOKENS = 2 ** 20;
const MOST_NUMBERS = 2 ** 28;

/** @throws `invalid-argument` for more sequences, or longer ones, than can be walked at once */
export function checkSequenceSize(what: string, { tokenShape }: Model, batch: number, length: number): void {
  if (batch * length <= MOST_TOKENS && batch * length * sizeOf(tokenShape) <= MOST_NUMBERS) return;
  throw new DiffusionForcingError(
    "invalid-argument",
    `${what}: ${batch} sequences of ${length} tokens are too much for one walk; expected at most ${MOST_TOKENS} tokens and ${MOST_NUMBERS} numbers. Sample fewer at a time, or roll out with a shorter window.`,
  );
}
