import { DiffusionForcingError } from "../errors.js";
import { emit } from "../graph/emit.js";
import { topologicalOrder } from "../graph/graph.js";
import { constant } from "../graph/operations.js";
import { formatType } from "../graph/ops/helpers.js";
import { ruleOf } from "../graph/rules.js";
import type { OpName, Value, ValueOf } from "../graph/value.js";
import { zeros } from "../tensor/tensor.js";

/**
 * Reverse-mode derivatives: d(objective)/d(each target), as traced values of the targets' shapes. The result is
 * made of ordinary ops, so it can be differentiated again. A target the objective does not depend on gets zeros.
 *
 * @param objective a float32 scalar.
 * @throws `not-differentiable` if the objective is no float32 scalar or a target is not float32.
 */
export function gradient(objective: Value, targets: readonly Value[]): Value[] {
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
  for (const node of order.reverse()) {
    const cotangent = cotangents.get(node);
    if (cotangent === undefined || !needed.has(node)) continue;
    inputCotangents(node, cotangent).forEach((contribution, index) => {
      const operand = node.inputs[index] as Value;
      if (contribution === undefined || !needed.has(operand)) return;
      const earlier = cotangents.get(operand);
      cotangents.set(operand, earlier === undefined ? contribution : emit("add", [earlier, contribution], {}));
    });
  }
  return targets.map((target) => cotangents.get(target) ?? constant(zeros("float32", target.shape)));
}

/** The nodes that depend on a target: only they carry cotangents. */
function dependents(order: readonly Value[], targets: ReadonlySet<Value>): Set<Value> {
  const needed = new Set<Value>();
  for (const node of order) {
    if (targets.has(node) || node.inputs.some((operand) => needed.has(operand))) needed.add(node);
  }
  return needed;
}

function inputCotangents<K extends OpName>(node: Value, cotangent: Value): readonly (Value | undefined)[] {
  const { derivative } = ruleOf(node.op as K);
  if (derivative === "zero") return [];
  return derivative({ inputs: node.inputs, output: node as ValueOf<OpName> as ValueOf<K>, cotangent, emit });
}
