import type { HostTensor, HostTensorRecord } from "../engine/tensor/tensor.js";
import type { Network } from "../models/model.js";
import type { CompleteAdamWOptions } from "./optimizer.js";
import { type ParameterGroups, parameterGroups } from "./parameter-groups.js";
import { type ParameterPacks, parameterPacks } from "./parameter-packs.js";
import type { StateGroup } from "./state.js";

/** How a model's state lies in a step graph: small parameters packed, all of a pack in one group of the optimiser. */
export interface StateLayout {
  readonly packs: ParameterPacks;
  readonly groups: ParameterGroups["groups"];
  /** Index of the group of a pack. */
  groupOf(pack: string): number;
}

export function stateLayout(
  model: Network,
  optimizer: Pick<CompleteAdamWOptions, "group" | "weightDecay">,
): StateLayout {
  const { groups, indexOf } = parameterGroups(model.parameters, optimizer.group, optimizer.weightDecay);
  const packs = parameterPacks(model.parameters, (name) => indexOf[name] as number);
  const groupOf = (pack: string): number =>
    indexOf[(packs.members.get(pack) as readonly string[])[0] as string] as number;
  return { packs, groups, groupOf };
}

/** A training state's tensors by group and parameter name; `ema` only if one is kept. */
export type StateTensors = Readonly<Partial<Record<StateGroup, HostTensorRecord>>>;

/** A state as the step graph's inputs, named `group/pack`; copies. */
export function packState({ packs }: StateLayout, state: StateTensors): Record<string, HostTensor> {
  const entries = Object.entries(state).flatMap(([group, tensors]) =>
    Object.entries(packs.packTensors(tensors)).map(([pack, tensor]) => [`${group}/${pack}`, tensor] as const),
  );
  return Object.fromEntries(entries);
}

/** The reverse of {@link packState}, for the groups given; copies. */
export function unpackState(
  { packs }: StateLayout,
  groups: readonly StateGroup[],
  packed: HostTensorRecord,
): Record<StateGroup, Record<string, HostTensor>> {
  const entries = groups.map((group) => {
    const own = Object.keys(packs.shapes).map((pack) => [pack, packed[`${group}/${pack}`] as HostTensor] as const);
    return [group, packs.unpackTensors(Object.fromEntries(own))] as const;
  });
  return Object.fromEntries(entries) as Record<StateGroup, Record<string, HostTensor>>;
}
