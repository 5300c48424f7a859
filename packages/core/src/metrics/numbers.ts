import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatShape, type Shape, sizeOf } from "../engine/tensor/shape.js";

/** A host tensor, or numbers of more precision. */
export interface Numbers {
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}

/**
 * Checks that a value is a shape with as many finite numbers.
 *
 * @param what the function and its argument, as the message begins.
 * @throws `invalid-argument` for what is no shape with data, `shape-mismatch` for data of another length,
 *   `invalid-data` for a number that is not finite.
 */
export function checkNumbers(what: string, value: Numbers): void {
  const { shape, data } = (value ?? {}) as Partial<Record<keyof Numbers, unknown>>;
  if (!Array.isArray(shape) || !isArrayOfNumbers(data)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${what} is ${describe(value)}; expected a tensor, or an object with a shape and data.`,
    );
  }
  const odd = shape.find((size) => !Number.isSafeInteger(size) || size < 0);
  if (odd !== undefined || shape.includes(undefined)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${what} has an axis of ${describe(odd)}; expected whole numbers.`,
    );
  }
  if (data.length !== sizeOf(shape)) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `${what} of shape ${formatShape(shape)} has ${data.length} elements; expected ${sizeOf(shape)}.`,
    );
  }
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    throw new DiffusionForcingError(
      "invalid-data",
      `${what} holds ${describe(data[i])} at index ${i}; expected finite numbers.`,
    );
  }
}

function isArrayOfNumbers(data: unknown): data is ArrayLike<unknown> {
  return Array.isArray(data) || (ArrayBuffer.isView(data) && !(data instanceof DataView));
}
