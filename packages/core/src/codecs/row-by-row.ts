import type { Backend, Executable } from "../engine/backend/contract.js";
import { trace } from "../engine/graph/trace.js";
import type { Value } from "../engine/graph/value.js";
import { referenceBackend } from "../engine/reference/backend.js";
import {
  disposeTensor,
  type HostTensor,
  type HostTensorRecord,
  readTensor,
  type Tensor,
  tensor,
} from "../engine/tensor/tensor.js";
import type { Parameters } from "../models/model.js";

/** Rows that are computed at once, at most; a power of 2, so that few graphs serve all sizes. */
const MOST_ROWS = 256;

interface RowFunction {
  readonly backend: Backend | undefined;
  readonly weights: HostTensorRecord;
  /** Features of a row, before and after. */
  readonly widths: readonly [before: number, after: number];
  readonly apply: (parameters: Parameters, rows: Value) => Value;
}

/** A traced function of rows [N, before] as one of sequences [B, F, before]. */
export function rowByRow({
  backend,
  weights,
  widths: [before, after],
  apply,
}: RowFunction): (sequences: HostTensor<"float32">) => Promise<HostTensor<"float32">> {
  const executables = new Map<number, Promise<Executable>>();
  let used = backend;
  const compiled = (rows: number): Promise<Executable> => {
    const known = executables.get(rows);
    if (known !== undefined) return known;
    used ??= referenceBackend();
    const types = { ...weights, "the rows": { dtype: "float32", shape: [rows, before] } } as const;
    const graph = trace(types, (values) => ({ result: apply(values, values["the rows"] as Value) }));
    const made = used.compile(graph, { constants: weights });
    executables.set(rows, made);
    // A failure is the caller's, and is not kept: the next call tries again.
    made.catch(() => executables.delete(rows));
    return made;
  };
  return async ({ shape, data }) => {
    const [batch, length] = shape as [number, number, number];
    const count = batch * length;
    const rows = Math.min(MOST_ROWS, 2 ** Math.ceil(Math.log2(Math.max(count, 1))));
    const executable = await compiled(rows);
    const all = new Float32Array(count * after);
    for (let first = 0; first < count; first += rows) {
      const last = Math.min(first + rows, count);
      const part = new Float32Array(rows * before);
      part.set(data.subarray(first * before, last * before));
      const { result } = await executable.run({ "the rows": tensor(part, [rows, before]) });
      const computed = (await readTensor(result as Tensor)).data as Float32Array;
      all.set(computed.subarray(0, (last - first) * after), first * after);
      disposeTensor(result as Tensor);
    }
    return tensor(all, [batch, length, after]);
  };
}
