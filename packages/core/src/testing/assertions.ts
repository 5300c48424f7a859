import { type ErrorCode, isDiffusionForcingError } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import { shapesEqual } from "../engine/tensor/shape.js";
import { type HostTensor, readTensor, type Tensor } from "../engine/tensor/tensor.js";

/** Throws unless `condition` holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** True unless `actual` is further than `limit` from `expected`; equal infinities and NaN with NaN are close. */
function near(actual: number, expected: number, limit: number): boolean {
  return Object.is(actual, expected) || Math.abs(actual - expected) <= limit;
}

/**
 * Throws unless both have one type and near elements: float32 within `tolerance * (1 + |expected|)`, other
 * dtypes exactly.
 */
export async function assertClose(
  actual: Tensor | undefined,
  expected: HostTensor,
  tolerance: number,
  what: string,
): Promise<void> {
  assert(actual !== undefined, `${what}: there is no such output.`);
  const result = await readTensor(actual);
  assert(
    result.dtype === expected.dtype && shapesEqual(result.shape, expected.shape),
    `${what}: got ${formatType(result)}; expected ${formatType(expected)}.`,
  );
  assert(
    result.data.length === expected.data.length,
    `${what}: got ${result.data.length} elements; expected ${expected.data.length}.`,
  );
  expected.data.forEach((wanted, index) => {
    const got = result.data[index] as number;
    const limit = expected.dtype === "float32" ? tolerance * (1 + Math.abs(wanted)) : 0;
    assert(near(got, wanted, limit), `${what}: element ${index} is ${got}; expected ${wanted} within ${limit}.`);
  });
}

/** Throws unless the promise is rejected with a `DiffusionForcingError` of one of the codes. */
export async function assertRejects(
  promise: Promise<unknown>,
  codes: readonly ErrorCode[],
  what: string,
): Promise<void> {
  const outcome = await promise.then(
    () => "it succeeded",
    (error: unknown) => {
      if (isDiffusionForcingError(error)) return codes.includes(error.code) ? undefined : `got code "${error.code}"`;
      return `got ${String(error)}, which is no DiffusionForcingError`;
    },
  );
  assert(outcome === undefined, `${what}: ${outcome}; expected an error of code ${codes.join(" or ")}.`);
}
