import type { Shape } from "@diffusion-forcing/core/graph";
import type { NativeTensor } from "../../device/runtime.js";
import type { Scope } from "../scope.js";
import { runShader } from "../shader.js";

// For WebGPU, and for int32 and bool: elements moved as they are, from where the host says.

/** `start + index . strides` for every index of `shape`, in row-major order. */
export function places(shape: Shape, strides: readonly number[], start = 0): number[] {
  return shape.reduce(
    (list, size, axis) =>
      list.flatMap((place) => Array.from({ length: size }, (_, i) => place + i * (strides[axis] as number))),
    [start],
  );
}

/** Element i is a[at[i]] or, where that is negative, b[-1 - at[i]]. */
export function pickOfTwo(a: NativeTensor, b: NativeTensor, at: readonly number[], scope: Scope): NativeTensor {
  const c = scope.write(Int32Array.from(at), [at.length], "int32");
  const statements = "let at = c[index]; result[index] = select(a[max(at, 0)], b[max(-1 - at, 0)], at < 0);";
  return runShader(statements, [a, b, c], { size: at.length, dtype: a.dtype }, scope);
}

/** Element i is x[at[i]]. */
export function pick(x: NativeTensor, at: readonly number[], scope: Scope): NativeTensor {
  const b = scope.write(Int32Array.from(at), [at.length], "int32");
  return runShader("result[index] = a[b[index]];", [x, b], { size: at.length, dtype: x.dtype }, scope);
}
