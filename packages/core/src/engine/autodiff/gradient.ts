import * as v from "valibot";
import { check } from "../check.js";
import { DiffusionForcingError } from "../errors.js";
import { emit } from "../graph/emit.js";
import { topologicalOrder } from "../graph/graph.js";
import { constant } from "../graph/operations.js";
import { formatType } from "../graph/ops/helpers.js";
import { ruleOf } from "../graph/rules.js";
import type { OpAttributes, OpName, Value, ValueOf } from "../graph/value.js";
import { zeros } from "../tensor/tensor.js";

export interface GradientOptions {
  /**
   * Compute the blocks that {@link checkpoint} marks a second time, each when its turn comes, instead of keeping what
   * they computed first: less memory for at most one more forward pass. Default false.
   */
  readonly rematerialize?: boolean;
}

const optionsSchema = v.strictObject({ rematerialize: v.optional(v.boolean("true or false"), false) });

/**
 * Reverse-mode derivatives: d(objective)/d(each target), as traced values of the targets' shapes. The result is
 * made of ordinary ops, so it can be differentiated again. A target the objective does not depend on gets zeros.
 *
 * @param objective a float32 scalar.
 * @throws `not-differentiable` if the objective is no float32 scalar or a target is not float32; `invalid-argument`.
 */
export function gradient(objective: Value, targets: readonly Value[], options: GradientOptions = {}): Value[] {
  const { rematerialize } = check("gradient", optionsSchema, options);
  if (objective.dtype !== "float32" || objective.shape.length !== 0) {
    throw new DiffusionForcingError(
      "not-differentiable",
      `gradient: the objective is ${formatType(objective)}; expected a float32 scalar. Reduce it with sum() or mean().`,
    );
  }
  for (const target of targets) {
    if (target.dtype !== "float32") {
      throw new DiffusionForcingError(
        "not-differentiable",
        `gradient: a target is ${formatType(target)}; expected float32.`,
      );
    }
  }
  const order = topologicalOrder([], [objective]);
  const needed = dependents(order, new Set(targets));
  const cotangents = new Map<Value, Value>([[objective, constant(1)]]);
  pullBack(order, { targets: new Set(targets), needed, cotangents, rematerialize });
  return targets.map((target) => cotangents.get(target) ?? constant(zeros("float32", target.shape)));
}

interface Sweep {
  readonly targets: ReadonlySet<Value>;
  /** The nodes that depend on a target. */
  readonly needed: Set<Value>;
  /** By node, the sum of what its users have contributed so far. */
  readonly cotangents: Map<Value, Value>;
  readonly rematerialize: boolean;
}

/** Hands the cotangents of nodes, users before operands, on to their operands. */
function pullBack(order: readonly Value[], sweep: Sweep): void {
  const { needed, cotangents, rematerialize } = sweep;
  for (const node of [...order].reverse()) {
    const cotangent = cotangents.get(node);
    if (cotangent === undefined || !needed.has(node)) continue;
    const again = rematerialize && endsBlock(node) ? recomputed(node, cotangent, sweep) : undefined;
    if (again !== undefined) {
      pullBackThroughBlock(again, cotangent, sweep);
      continue;
    }
    inputCotangents(node, cotangent).forEach((contribution, index) => {
      const operand = node.inputs[index] as Value;
      if (contribution === undefined || !needed.has(operand)) return;
      contribute(cotangents, operand, contribution);
    });
  }
}

function contribute(cotangents: Map<Value, Value>, operand: Value, contribution: Value): void {
  const earlier = cotangents.get(operand);
  cotangents.set(operand, earlier === undefined ? contribution : emit("add", [earlier, contribution], {}));
}

/**
 * Pulls back through what was recomputed of a block. The cotangents of its entrances wait for those that went elsewhere,
 * to parameters mostly: a runtime that put those off until the end would keep all that they need.
 */
function pullBackThroughBlock({ output, entrances, order }: Recomputed, cotangent: Value, sweep: Sweep): void {
  const { cotangents } = sweep;
  contribute(cotangents, output, cotangent);
  pullBack(order, sweep);
  const inside = new Set(order);
  const elsewhere = new Set(order.flatMap(({ inputs }) => inputs.filter((operand) => !inside.has(operand))));
  for (const entrance of entrances) elsewhere.delete(entrance);
  const others = [...elsewhere].flatMap((operand) => cotangents.get(operand) ?? []);
  if (others.length === 0) return;
  for (const entrance of entrances) {
    const arrived = cotangents.get(entrance);
    if (arrived === undefined) continue;
    cotangents.set(entrance, emit("barrier", [arrived, ...others], { recompute: false }) as Value);
  }
}

/** The nodes that depend on a target: only they carry cotangents. */
function dependents(order: readonly Value[], targets: ReadonlySet<Value>): Set<Value> {
  const needed = new Set<Value>();
  for (const node of order) {
    if (targets.has(node) || node.inputs.some((operand) => needed.has(operand))) needed.add(node);
  }
  return needed;
}

function endsBlock<K extends OpName>(node: Value): boolean {
  return ruleOf(node.op as K).endsBlock?.(node.attributes as OpAttributes[K]) ?? false;
}

interface Recomputed {
  /** Equal to the block's output. */
  readonly output: Value;
  /** What the block starts from, each once. */
  readonly entrances: ReadonlySet<Value>;
  /** The block's nodes once more, operands before users. */
  readonly order: readonly Value[];
}

/**
 * A block's nodes once more, from entrances that wait for the cotangent of its output: so the runtime cannot compute
 * them earlier, and no pass can find out that the block has been computed before. Undefined for a block with a target
 * inside: that is a node of the first time.
 */
function recomputed(end: Value, cotangent: Value, { targets, needed }: Sweep): Recomputed | undefined {
  const [output, ...operands] = end.inputs as readonly [Value, ...Value[]];
  const entrances = new Set(operands);
  const copies = new Map<Value, Value>();
  const keep = (original: Value, copy: Value): void => {
    copies.set(original, copy);
    if (needed.has(original)) needed.add(copy);
  };
  for (const entrance of entrances) {
    keep(entrance, emit("barrier", [entrance, cotangent], { recompute: false }) as Value);
  }
  for (const node of topologicalOrder(operands, [output])) {
    if (copies.has(node) || !node.inputs.some((operand) => copies.has(operand))) continue;
    if (targets.has(node)) return undefined;
    const inputs = node.inputs.map((operand) => copies.get(operand) ?? operand);
    keep(node, emit<OpName>(node.op, inputs, node.attributes as OpAttributes[OpName]) as Value);
  }
  return { output: copies.get(output) ?? output, entrances, order: [...copies.values()] };
}

function inputCotangents<K extends OpName>(node: Value, cotangent: Value): readonly (Value | undefined)[] {
  const { derivative } = ruleOf(node.op as K);
  if (derivative === "zero") return [];
  return derivative({ inputs: node.inputs, output: node as ValueOf<OpName> as ValueOf<K>, cotangent, emit });
}
