import { concat, slice } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { type Shape, sizeOf } from "../engine/tensor/shape.js";
import type { HostTensor, HostTensorRecord } from "../engine/tensor/tensor.js";
import { zeros } from "../engine/tensor/tensor.js";
import type { ParameterSpec, Parameters } from "../models/model.js";

/** Larger tensors stay alone: for them, packing would cost more copying than it saves. */
const LARGEST_PACKED = 2 ** 15;

/** Joins many small tensors into few, and takes them apart again: traced values in a graph, and host tensors. */
export interface ParameterPacks {
  /** Names of the parameters in each pack. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  /** Shape of each pack, by the pack's name. */
  readonly shapes: Readonly<Record<string, Shape>>;
  /** One value per parameter, by name -> one value per pack. */
  pack(values: Parameters): Record<string, Value>;
  unpack(packs: Parameters): Record<string, Value>;
  /** The same for tensors on the host; copies. */
  packTensors(tensors: HostTensorRecord): Record<string, HostTensor>;
  unpackTensors(packs: HostTensorRecord): Record<string, HostTensor>;
}

/**
 * Groups small parameters that agree on all axes but the first, to be joined along it. An optimiser treats every
 * element alike: on packs it runs a handful of ops instead of a dozen for every bias, and a step has few tensors to
 * hand over.
 *
 * @param groupOf index of the optimiser's group of a parameter: only members of one group share a pack.
 */
export function parameterPacks(
  specs: Readonly<Record<string, ParameterSpec>>,
  groupOf: (name: string) => number = () => 0,
): ParameterPacks {
  const members = groupMembers(specs, groupOf);
  const shapeOf = (name: string): Shape => (specs[name] as ParameterSpec).shape;
  const rowsOf = (name: string): number => shapeOf(name)[0] as number;
  const mapPacks = <T>(make: (names: readonly string[], pack: string) => T): Record<string, T> =>
    Object.fromEntries([...members].map(([pack, names]) => [pack, make(names, pack)]));
  const shapes = mapPacks((names): Shape => {
    const first = shapeOf(names[0] as string);
    return names.length === 1 ? first : [names.reduce((rows, name) => rows + rowsOf(name), 0), ...first.slice(1)];
  });
  return {
    members,
    shapes,
    pack: (values) =>
      mapPacks((names) =>
        concat(
          names.map((name) => values[name] as Value),
          0,
        ),
      ),
    unpack: (packs) =>
      mergeRecords(
        mapPacks((names, pack) => {
          const packed = packs[pack] as Value;
          if (names.length === 1) return { [names[0] as string]: packed };
          let end = 0;
          const parts = names.map((name) => {
            const start = end;
            end += rowsOf(name);
            return [name, slice(packed, 0, start, end)] as const;
          });
          return Object.fromEntries(parts);
        }),
      ),
    packTensors: (tensors) =>
      mapPacks((names, pack) => {
        const packed = zeros("float32", shapes[pack] as Shape);
        let at = 0;
        for (const name of names) {
          const { data } = tensors[name] as HostTensor;
          packed.data.set(data, at);
          at += data.length;
        }
        return packed;
      }),
    unpackTensors: (packs) =>
      mergeRecords(
        mapPacks((names, pack) => {
          const data = (packs[pack] as HostTensor).data as Float32Array;
          let end = 0;
          const parts = names.map((name): [string, HostTensor] => {
            const start = end;
            end += sizeOf(shapeOf(name));
            return [name, { dtype: "float32", shape: shapeOf(name), data: data.slice(start, end) }];
          });
          return Object.fromEntries(parts);
        }),
      ),
  };
}

/** Parameter names by pack; a parameter without company is a pack of its own name. */
function groupMembers(
  specs: Readonly<Record<string, ParameterSpec>>,
  groupOf: (name: string) => number,
): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, { shape }] of Object.entries(specs)) {
    const joins = shape.length > 0 && sizeOf(shape) <= LARGEST_PACKED;
    const group = groupOf(name);
    const suffix = group === 0 ? "" : ` of group ${group}`;
    const key = joins ? `pack [${["*", ...shape.slice(1)].join(", ")}]${suffix}` : name;
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return new Map([...groups].map(([key, names]) => [names.length === 1 ? (names[0] as string) : key, names]));
}

function mergeRecords<T>(records: Readonly<Record<string, Readonly<Record<string, T>>>>): Record<string, T> {
  return Object.fromEntries(Object.values(records).flatMap((record) => Object.entries(record)));
}
