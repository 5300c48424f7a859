import { DiffusionForcingError } from "@diffusion-forcing/core";
import { sizeOf } from "@diffusion-forcing/core/graph";
import type { NativeTensor } from "../device/runtime.js";
import type { Scope } from "./scope.js";

const WORKGROUP = 64;

/** What shaders call their operands. */
const names = ["a", "b", "c"];

/**
 * A flat tensor of `size` elements, int32 or bool, by WGSL statements that assign `result[index]`. They read operands as
 * `a[i]`, `b[i]`, `c[i]`, and have to read each of them; `uniforms.aShape` is the number of elements of `a`.
 *
 * @param operands int32 or bool: TensorFlow.js's buffers are `array<i32>` for both.
 */
export function runShader(
  statements: string,
  operands: readonly NativeTensor[],
  { size, dtype }: { readonly size: number; readonly dtype: string },
  scope: Scope,
): NativeTensor {
  const flat = operands.map((x) => scope.reshape(x, [sizeOf(x.shape)]));
  const program = {
    outputShape: [size],
    shaderKey: `diffusion-forcing: ${statements}`,
    variableNames: names.slice(0, operands.length),
    workgroupSize: [WORKGROUP, 1, 1] as const,
    dispatchLayout: { x: [0] },
    dispatch: [Math.ceil(size / WORKGROUP), 1, 1] as const,
    size: true as const,
    getUserCode: () => `fn main(index : i32) { if (index < uniforms.size) { ${statements} } }`,
  };
  return scope.make((native) => {
    if (native.runWebGPUProgram === undefined) {
      throw new DiffusionForcingError("backend-failure", "This TensorFlow.js backend runs no shaders of others.");
    }
    return native.runWebGPUProgram(program, flat, dtype);
  });
}
