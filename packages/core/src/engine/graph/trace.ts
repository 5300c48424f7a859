import { check, schemas } from "../check.js";
import { emit } from "./emit.js";
import { buildGraph, type Graph } from "./graph.js";
import type { TensorType, Value, ValueOf } from "./value.js";

/** A graph input as a traced value. */
export function input(name: string, type: TensorType): ValueOf<"input"> {
  return emit("input", [], { name, dtype: type.dtype, shape: type.shape });
}

const typesSchema = schemas.having<Readonly<Record<string, TensorType>>>("types { dtype, shape } by name");
const typeSchema = schemas.having<TensorType>("a type { dtype, shape }", "dtype", "shape");
const functionSchema = schemas.function();

/**
 * Runs `fn` once on traced inputs and returns the graph of everything its results depend on.
 *
 * @throws `invalid-argument`, `invalid-graph`, and what the ops throw.
 *
 * @example
 * const graph = trace({ x: { dtype: "float32", shape: [2, 3] } }, ({ x }) => ({ y: mul(x, 2) }));
 */
export function trace<Name extends string>(
  inputs: Readonly<Record<Name, TensorType>>,
  fn: (values: Record<Name, Value>) => Record<string, Value>,
): Graph {
  check("trace: the inputs", typesSchema, inputs);
  check("trace: what to trace", functionSchema, fn);
  const declared = Object.entries<TensorType>(inputs).map(([name, type]) =>
    input(name, check(`trace: input "${name}"`, typeSchema, type)),
  );
  const values = Object.fromEntries(declared.map((value) => [value.attributes.name, value])) as Record<Name, Value>;
  return buildGraph(declared, fn(values));
}
