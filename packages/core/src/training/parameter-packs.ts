import { concat, slice } from "../graph/operations.js";
import type { Value } from "../graph/value.js";
import type { ParameterSpec, Parameters } from "../models/model.js";
import { sizeOf } from "../tensor/shape.js";

/** Larger tensors stay alone: for them, packing would cost more copying than it saves. */
const LARGEST_PACKED = 2 ** 15;

/** Joins many small tensors into few, and takes them apart again. */
export interface ParameterPacks {
  /** One tensor per parameter, by name -> one tensor per pack. */
  pack(tensors: Parameters): Parameters;
  /** The reverse, on any tensors shaped like packs. */
  unpack(packs: Parameters): Record<string, Value>;
}

/**
 * Groups small parameters that agree on all axes but the first, to be joined along it. An optimiser treats every
 * element alike; on packs it runs a handful of ops instead of a dozen for every bias.
 */
export function parameterPacks(specs: Readonly<Record<string, ParameterSpec>>): ParameterPacks {
  const packs = new Map<string, string[]>();
  for (const [name, { shape }] of Object.entries(specs)) {
    const joins = shape.length > 0 && sizeOf(shape) <= LARGEST_PACKED;
    const key = joins ? `pack [*, ${shape.slice(1).join(", ")}]` : name;
    packs.set(key, [...(packs.get(key) ?? []), name]);
  }
  return {
    pack: (tensors) => {
      const joined = [...packs].map(
        ([key, names]) => [key, join(names.map((name) => tensors[name] as Value))] as const,
      );
      return Object.fromEntries(joined);
    },
    unpack: (tensors) => {
      const parts = [...packs].flatMap(([key, names]) => {
        const rows = names.map((name) => (specs[name] as ParameterSpec).shape[0] ?? 1);
        return split(tensors[key] as Value, rows).map((part, i) => [names[i] as string, part] as const);
      });
      return Object.fromEntries(parts);
    },
  };
}

function join(tensors: readonly Value[]): Value {
  return tensors.length === 1 ? (tensors[0] as Value) : concat(tensors, 0);
}

function split(pack: Value, rows: readonly number[]): Value[] {
  if (rows.length === 1) return [pack];
  let start = 0;
  return rows.map((count) => {
    const part = slice(pack, 0, start, start + count);
    start += count;
    return part;
  });
}
