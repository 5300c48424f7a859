import { gradient } from "../../autodiff/gradient.js";
import type { Graph } from "../../graph/graph.js";
import * as ops from "../../graph/operations.js";
import { trace } from "../../graph/trace.js";
import type { Value } from "../../graph/value.js";
import type { Shape } from "../../tensor/shape.js";
import { type HostTensor, type HostTensorRecord, tensor } from "../../tensor/tensor.js";

const float = (...shape: number[]) => ({ dtype: "float32", shape }) as const;

const rows = 12;
const columns = 20;
/** Not a multiple of four: kernels take another way at the edge of a tile. */
const odd = 7;

const types = {
  x: float(rows, columns),
  y: float(odd, columns),
  heads: float(2, rows, 3, 4),
  state: float(3, 5),
  at: { dtype: "int32", shape: [6] },
} as const;

/** Deterministic, irregular values within -1..1: fractional parts of multiples of the golden ratio. */
function irregular(shape: Shape, offset: number): HostTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const data = Float32Array.from({ length: size }, (_, i) => 2 * (((i + offset) * 0.6180339887498949) % 1) - 1);
  return tensor(data, shape);
}

/** What {@link probeGraph} is run on. */
export const probeInputs: HostTensorRecord = {
  x: irregular(types.x.shape, 1),
  y: irregular(types.y.shape, 1000),
  heads: irregular(types.heads.shape, 2000),
  state: irregular(types.state.shape, 3000),
  // An index that comes twice: scatterAdd has to add.
  at: tensor(Int32Array.of(4, 0, 11, 4, 7, 1)),
};

/** The columns in another order, through more parts than one shader binds. */
function shuffledColumns(x: Value): Value {
  const parts = Array.from({ length: columns }, (_, i) => {
    const column = (i * 7) % columns;
    return ops.slice(x, 1, column, column + 1);
  });
  return ops.concat(parts, 1);
}

/** Causal attention weights of [B, T, heads, C]; -1e9 hides the future, as the transformer has it. */
function attention(x: Value): Value {
  const [length] = x.shape.slice(1) as [number];
  const split = ops.transpose(x, [0, 2, 1, 3]);
  const scores = ops.matmul(split, split, { transposeB: true });
  const position = ops.constant(tensor(Int32Array.from({ length }, (_, i) => i)));
  const visible = ops.lessEqual(ops.reshape(position, [1, length]), ops.reshape(position, [length, 1]));
  return ops.softmax(ops.where(visible, ops.mul(scores, 8), -1e9));
}

/** d/dx and d/dy of what a layer of a network does with them. */
function slopes(x: Value, y: Value): Value[] {
  const one = ops.constant(tensor(new Float32Array(columns).fill(1)));
  const normed = ops.layerNorm(x, one, ops.mul(one, 0.1));
  const hidden = ops.gelu(ops.matmul(normed, y, { transposeB: true }));
  const objective = ops.add(ops.sum(ops.square(ops.tanh(hidden))), ops.mean(ops.exp(ops.max(normed, 1))));
  return gradient(objective, [x, y]);
}

/**
 * A little of everything a model needs, and all of what runtimes are known to have computed wrongly without an
 * error: `concat` of many parts, strided slices, products with transposed operands, softmax over -1e9 masks,
 * gathers and scatters, derivatives. `state` is meant to be fed back as the input of that name.
 */
export function probeGraph(): Graph {
  return trace(types, ({ x, y, heads, state, at }) => {
    const [slopeX, slopeY] = slopes(x, y) as [Value, Value];
    const gathered = ops.gather(x, at);
    const product = ops.matmul(y, x, { transposeB: true });
    return {
      "concat of many parts": shuffledColumns(x),
      "strided slice": ops.slice(x, 0, 1, rows - 1, 3),
      "product with the second operand transposed": product,
      "product with the first operand transposed": ops.matmul(x, x, { transposeA: true }),
      "product with both operands transposed": ops.matmul(x, product, { transposeA: true, transposeB: true }),
      "masked softmax": attention(heads),
      gather: gathered,
      "scatter-add": ops.scatterAdd(ops.mul(gathered, gathered), at, rows),
      "sums and largest elements": ops.add(ops.sum(heads, [1, 3], true), ops.max(heads, [0, 2], true)),
      "gradient by the first operand": slopeX,
      "gradient by the second operand": slopeY,
      state: ops.add(ops.mul(state, 0.5), ops.sigmoid(ops.sum(x))),
    };
  });
}
