import type { Backend, HostTensor, RandomStream } from "@diffusion-forcing/core";
import { schemas } from "@diffusion-forcing/core/backend";
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
};
