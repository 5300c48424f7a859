import { DiffusionForcingError } from "../errors.js";
import type { Graph } from "../graph/graph.js";
import type { OpName, Value } from "../graph/value.js";
import type { HostTensor } from "../tensor/tensor.js";

/** What an input's elements index, if they index anything: the op and how many rows it has. */
interface Bound {
  readonly op: "gather" | "scatterAdd";
  readonly rows: number;
}

/** Ops whose result has the elements of its operand, all of them and no others. */
const rearranging: ReadonlySet<OpName> = new Set(["reshape", "transpose", "broadcast", "stopGradient"]);

function inputBehind(value: Value): string | undefined {
  let origin = value;
  while (rearranging.has(origin.op)) origin = origin.inputs[0] as Value;
  return origin.op === "input" ? origin.attributes.name : undefined;
}

/** Graphs never change and run many times. */
const known = new WeakMap<readonly Value[], ReadonlyMap<string, Bound>>();

function boundsOf({ nodes }: Graph): ReadonlyMap<string, Bound> {
  const earlier = known.get(nodes);
  if (earlier !== undefined) return earlier;
  const bounds = new Map<string, Bound>();
  for (const { op, inputs, attributes } of nodes) {
    if (op !== "gather" && op !== "scatterAdd") continue;
    const name = inputBehind(inputs[1] as Value);
    const rows = op === "gather" ? (inputs[0]?.shape[0] as number) : attributes.size;
    if (name !== undefined && rows < (bounds.get(name)?.rows ?? Infinity)) bounds.set(name, { op, rows });
  }
  known.set(nodes, bounds);
  return bounds;
}

/**
 * Checks an input whose elements serve as indices, as they are, against the smallest table they are used for.
 *
 * @throws `invalid-argument` for an index outside it. Kernels on a GPU would not report it.
 */
export function checkIndices(graph: Graph, name: string, { data }: HostTensor): void {
  const bound = boundsOf(graph).get(name);
  if (bound === undefined) return;
  const { op, rows } = bound;
  for (const index of data) {
    if (index < 0 || index >= rows) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `run: input "${name}" holds the index ${index}, but ${op} takes 0..${rows - 1} there.`,
      );
    }
  }
}
