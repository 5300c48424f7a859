import { input } from "../engine/graph/trace.js";
import type { TensorType, Value, ValueOf } from "../engine/graph/value.js";
import type { Shape } from "../engine/tensor/shape.js";
import type { StateLayout } from "./state-layout.js";

/** What a loss graph reads of a batch: the types of a trainable's inputs, by name. */
export type BatchTypes = Readonly<Record<string, TensorType>>;

/** The inputs of a training graph: declares them, and remembers all. */
export class GraphInputs {
  readonly declared: ValueOf<"input">[] = [];

  declare(name: string, shape: Shape, dtype: TensorType["dtype"] = "float32"): Value {
    const value = input(name, { dtype, shape });
    this.declared.push(value);
    return value;
  }

  /** One input `prefix/pack` for every pack. */
  packs(prefix: string, { packs }: StateLayout): Record<string, Value> {
    const entries = Object.entries(packs.shapes);
    return Object.fromEntries(entries.map(([pack, shape]) => [pack, this.declare(`${prefix}/${pack}`, shape)]));
  }

  batch(types: BatchTypes): Record<string, Value> {
    const entries = Object.entries(types);
    return Object.fromEntries(entries.map(([name, { shape, dtype }]) => [name, this.declare(name, shape, dtype)]));
  }
}
