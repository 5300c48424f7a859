import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeSafetensors } from "@diffusion-forcing/core/bundle";

/** A stored tensor, every dtype as float64 numbers (float32 and the integers used here fit exactly). */
export interface GoldenTensor {
  readonly isInteger: boolean;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** The JSON of a case: known fields, the rest by kind. */
export interface GoldenDescription {
  readonly name: string;
  readonly kind: string;
  /** Per tensor, the reference's own rounding noise and its largest magnitude. */
  readonly f32_vs_f64?: Readonly<Record<string, readonly [number, number]>>;
  readonly [field: string]: unknown;
}

export interface GoldenCase {
  readonly name: string;
  readonly kind: string;
  readonly json: GoldenDescription;
  readonly tensors: ReadonlyMap<string, GoldenTensor>;
}

/** Thrown by a kind for a setting the library does not offer. */
export class UnsupportedCase extends Error {}

export function listCases(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .sort();
}

export function readDescription(folder: string, name: string): GoldenDescription {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as GoldenDescription;
}

export function readCase(folder: string, name: string): GoldenCase {
  const json = readDescription(folder, name);
  const { tensors } = decodeSafetensors(readFileSync(join(folder, `${name}.safetensors`)));
  const numbers = Object.entries(tensors).map(([key, { shape, data }]): [string, GoldenTensor] => [
    key,
    {
      isInteger: !(data instanceof Float32Array || data instanceof Float64Array),
      shape,
      data: Float64Array.from(data as ArrayLike<number | bigint>, Number),
    },
  ]);
  return { name, kind: json.kind, json, tensors: new Map(numbers) };
}

/** The tensor of that name; a case without it is broken. */
export function tensorOf(golden: GoldenCase, name: string): GoldenTensor {
  const tensor = golden.tensors.get(name);
  if (tensor === undefined) throw new Error(`there is no tensor ${name}`);
  return tensor;
}
