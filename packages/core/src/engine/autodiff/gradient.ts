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

/**
 * Reverse-mode derivatives: d(objective)/d(each target), as traced values of the targets' shapes. The result is
 * made of ordinary ops, so it can be differentiated again. A target the objective does not depend on gets zeros.
 *
 * @param objective a float32 scalar.
 * @throws `not-differentiable` if the objective is no float32 scalar or a target is not float32.
 */
export function gradient(objective: Value, targets: readonly Value[], options: GradientOptions = {}): Value[] {
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
  pullBack(order, { needed, cotangents, rematerialize: options.rematerialize ?? false });
  return targets.map((target) => cotangents.get(target) ?? constant(zeros("float32", target.shape)));
}

interface Sweep {
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
    if (rematerialize && endsBlock(node)) {
      pullBackThroughBlock(node, cotangent, sweep);
      continue;
    }
    inputCotangents(node, cotangent).forEach((contribution, index) => {
      const operand = node.inputs[index] as Value;
      if (contribution === undefined || !needed.has(operand)) return;
      const earlier = cotangents.get(operand);
      cotangents.set(operand, earlier === undefined ? contribution : emit("add", [earlier, contribution], {}));
    });
  }
}

/**
 * Recomputes a block, and pulls back through what was recomputed. The cotangents of its entrances wait for those that
 * went elsewhere, to parameters mostly: a runtime that put those off until the end would keep all that they need.
 */
function pullBackThroughBlock(end: Value, cotangent: Value, sweep: Sweep): void {
  const { needed, cotangents } = sweep;
  const again = recomputed(end, cotangent, needed);
  const inside = new Set(again.order);
  const outside = [...new Set(again.order.flatMap(({ inputs }) => inputs))].filter(
    (operand) => needed.has(operand) && !inside.has(operand),
  );
  const before = new Map(outside.map((operand) => [operand, cotangents.get(operand)]));
  cotangents.set(again.output, cotangent);
  pullBack(again.order, sweep);
  const entrances = new Set(end.inputs.slice(1));
  const elsewhere = outside.filter(
    (operand) => !entrances.has(operand) && cotangents.get(operand) !== before.get(operand),
  );
  if (elsewhere.length === 0) return;
  const others = elsewhere.map((operand) => cotangents.get(operand) as Value);
  for (const entrance of entrances) {
    const arrived = cotangents.get(entrance);
    if (arrived === undefined || arrived === before.get(entrance)) continue;
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
  /** The block's nodes once more, operands before users. */
  readonly order: readonly Value[];
}

/**
 * A block's nodes once more, from entrances that wait for the cotangent of its output: so the runtime cannot compute
 * them earlier, and no pass can find out that the block has been computed before.
 */
function recomputed(end: Value, cotangent: Value, needed: Set<Value>): Recomputed {
  const [output, ...entrances] = end.inputs as readonly [Value, ...Value[]];
  const copies = new Map<Value, Value>();
  const order: Value[] = [];
  const keep = (original: Value, copy: Value): void => {
    copies.set(original, copy);
    order.push(copy);
    if (needed.has(original)) needed.add(copy);
  };
  for (const entrance of entrances) {
    if (!copies.has(entrance)) keep(entrance, emit("barrier", [entrance, cotangent], { recompute: false }) as Value);
  }
  for (const node of topologicalOrder(entrances, [output])) {
    if (copies.has(node) || !node.inputs.some((operand) => copies.has(operand))) continue;
    const operands = node.inputs.map((operand) => copies.get(operand) ?? operand);
    keep(node, emit<OpName>(node.op, operands, node.attributes as OpAttributes[OpName]) as Value);
  }
  return { output: copies.get(output) ?? output, order };
}

function inputCotangents<K extends OpName>(node: Value, cotangent: Value): readonly (Value | undefined)[] {
  const { derivative } = ruleOf(node.op as K);
  if (derivative === "zero") return [];
  return derivative({ inputs: node.inputs, output: node as ValueOf<OpName> as ValueOf<K>, cotangent, emit });
}
