import type { LossInputs } from "../diffusion/loss.js";
import { input } from "../engine/graph/trace.js";
import type { Value, ValueOf } from "../engine/graph/value.js";
import type { Shape } from "../engine/tensor/shape.js";
import type { StateLayout } from "./state-layout.js";

export interface BatchShapes {
  /** [B, T, ...tokenShape] */
  readonly tokens: Shape;
  /** Shape of the elements' weights, broadcastable to [B, T, ...tokenShape]. */
  readonly lossMask?: Shape;
  /** [B, T, D] */
  readonly condition?: Shape;
}

/** The inputs of a training graph: declares them, and remembers all. */
export class GraphInputs {
  readonly declared: ValueOf<"input">[] = [];

  declare(name: string, shape: Shape, dtype: "float32" | "int32" = "float32"): Value {
    const value = input(name, { dtype, shape });
    this.declared.push(value);
    return value;
  }

  /** One input `prefix/pack` for every pack. */
  packs(prefix: string, { packs }: StateLayout): Record<string, Value> {
    const entries = Object.entries(packs.shapes);
    return Object.fromEntries(entries.map(([pack, shape]) => [pack, this.declare(`${prefix}/${pack}`, shape)]));
  }

  batch(shapes: BatchShapes): LossInputs {
    return {
      tokens: this.declare("tokens", shapes.tokens),
      noiseLevels: this.declare("noiseLevels", shapes.tokens.slice(0, 2), "int32"),
      noise: this.declare("noise", shapes.tokens),
      ...(shapes.condition === undefined ? {} : { condition: this.declare("condition", shapes.condition) }),
      ...(shapes.lossMask === undefined ? {} : { lossMask: this.declare("lossMask", shapes.lossMask) }),
    };
  }
}
