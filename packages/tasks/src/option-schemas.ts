import { type Backend, DiffusionForcingError, type HostTensor, type RandomStream } from "@diffusion-forcing/core";
import { check, checkHostTensor, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";

/** Schemas that options of several tasks share; see `schemas` of core. */
export const optionSchemas: {
  readonly backend: v.GenericSchema<Backend>;
  readonly signal: v.GenericSchema<AbortSignal | undefined>;
  /** Whatever is there: `createRandom` says what is wrong with a seed. */
  readonly seed: v.GenericSchema<number | RandomStream>;
  readonly random: v.GenericSchema<RandomStream>;
  readonly tensor: v.GenericSchema<HostTensor>;
  /** A place on a plane, in two finite numbers. */
  readonly position: v.GenericSchema<readonly [number, number]>;
  callback<F>(): v.GenericSchema<F | undefined>;
  /** A file of the user's, read. */
  file(maxBytes?: number): v.GenericSchema<{ readonly name: string; readonly bytes: Uint8Array }>;
  /** A typed array of one of these types, also one that another realm made. */
  array<T>(...types: readonly string[]): v.GenericSchema<T>;
} = {
  backend: schemas.having("a backend, as onnxBackend() makes one", "compile", "dispose"),
  signal: v.optional(schemas.having<AbortSignal>("an AbortSignal", "aborted")),
  seed: v.custom<number | RandomStream>(() => true),
  random: schemas.having("random numbers, as createRandom() makes them", "split", "uniform"),
  tensor: schemas.having("a tensor on the host", "dtype", "shape", "data"),
  position: schemas.satisfying(
    "two finite numbers",
    (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite),
  ),
  callback: <F>() => v.optional(schemas.function<F>()),
  file: (maxBytes) =>
    schemas.satisfying(
      maxBytes === undefined ? "a file { name, bytes }" : `a file { name, bytes } of at most ${maxBytes} bytes`,
      (value) => {
        const { name, bytes } = (value ?? {}) as { readonly name?: unknown; readonly bytes?: unknown };
        return (
          typeof name === "string" &&
          isArrayOf(["Uint8Array"], bytes) &&
          !((bytes as Uint8Array).length > (maxBytes ?? Infinity))
        );
      },
    ),
  array: (...types) =>
    schemas.satisfying(`${/^I/.test(types[0] as string) ? "an" : "a"} ${types.join(" or ")}`, (value) =>
      isArrayOf(types, value),
    ),
};

function isArrayOf(types: readonly string[], value: unknown): boolean {
  return ArrayBuffer.isView(value) && types.includes(Object.prototype.toString.call(value).slice(8, -1));
}

const anyFile = optionSchemas.file();

/** Refuses what is no file; what its bytes say is the reader's. @throws `invalid-argument` */
export function checkFile(what: string, value: unknown): void {
  check(`${what}: the file`, anyFile, value);
}

/** @throws `invalid-argument` for what is no stream of random numbers */
export function checkRandom(what: string, value: unknown): void {
  check(`${what}: the random stream`, optionSchemas.random, value);
}

/** Numbers in rows of `width`, in an array of whatever kind. @throws `invalid-argument` */
export function checkRows(what: string, value: unknown, width: number): void {
  const isArray = Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);
  const rows = schemas.satisfying(
    `numbers in rows of ${width}`,
    () => isArray && (value as ArrayLike<number>).length % width === 0,
  );
  check(what, rows, value);
}

/**
 * A host tensor of these axes: a number is a size, a letter any size, but the same one wherever it stands.
 *
 * @throws `shape-mismatch` for other axes, and what `checkHostTensor` throws
 */
export function checkAxes(what: string, value: unknown, axes: readonly (number | string)[]): HostTensor {
  const given = checkHostTensor(what, value);
  const sizes = new Map<number | string, number>();
  const fits = given.shape.every((size, i) => {
    const axis = axes[i] ?? "";
    const expected = typeof axis === "number" ? axis : (sizes.get(axis) ?? size);
    sizes.set(axis, size);
    return size === expected;
  });
  if (fits && given.shape.length === axes.length) return given;
  throw new DiffusionForcingError(
    "shape-mismatch",
    `${what} has the shape [${given.shape.join(", ")}]; expected [${axes.join(", ")}].`,
  );
}
