import type { Value } from "@diffusion-forcing/core/graph";
import { flag, int, ints } from "../attributes.js";
import type { Lowering } from "../lowering.js";

/**
 * ONNX Runtime's own layout for convolutions on the CPU: channels in blocks of one vector register,
 * [N, C / block, H, W, block] in a tensor whose type still says [N, C, H, W]. By itself it uses the layout where the
 * weights are constants; its operators take any. The block's size depends on the processor (see `channelBlock`).
 */
const domain = { domain: "com.microsoft.nchwc" } as const;

/** An image [N, C, H, W] in blocks, once for all convolutions that read it. */
export function blockedImage(image: Value, { builder, nameOf, once }: Lowering): string {
  const name = nameOf(image);
  return once(`blocked ${name}`, () => builder.node("ReorderInput", [name], {}, domain));
}

/** Back to [N, C, H, W], or to [N, H, W, C]. */
export function unblocked(name: string, channels: number, last: boolean, { builder }: Lowering): string {
  return builder.node("ReorderOutput", [name], { channels: int(channels), channels_last: flag(last) }, domain);
}

/** @param operands the image and the kernels in blocks, and a bias [O], if there is one */
export function blockedConvolution(
  operands: readonly string[],
  pads: readonly number[],
  strides: readonly number[],
  { builder }: Lowering,
): string {
  return builder.node("Conv", operands, { pads: ints(pads), strides: ints(strides) }, domain);
}

/**
 * Kernels [O, I, kh, kw] as [O / block, I / block, kh, kw, block of I, block of O]. A transposition of planes and a
 * gathering of whole blocks: four times as fast as one transposition of six axes.
 */
export function blockedKernels(weight: Value, block: number, { builder, nameOf }: Lowering): string {
  const { outputs, inputs, taps } = sizesOf(weight);
  const rows = builder.node("Reshape", [nameOf(weight), builder.int64([outputs / block, block, inputs * taps])]);
  const planes = builder.node("Transpose", [rows], { perm: ints([0, 2, 1]) }); // [O / block, I * taps, block]
  const order: number[] = [];
  for (let first = 0; first < inputs; first += block) {
    for (let tap = 0; tap < taps; tap++) {
      for (let i = 0; i < block; i++) order.push((first + i) * taps + tap);
    }
  }
  const gathered = builder.node("Gather", [planes, indices(order, builder)], { axis: int(1) });
  return builder.node("Reshape", [gathered, builder.int64(weight.shape)]);
}

/**
 * Kernels [O, I, kh, kw], inputs and outputs exchanged and each kernel turned by half a turn, as
 * [I / block, O / block, kh, kw, block of O, block of I].
 */
export function turnedBlockedKernels(weight: Value, block: number, { builder, nameOf }: Lowering): string {
  const { outputs, inputs, taps } = sizesOf(weight);
  const rows = builder.node("Reshape", [nameOf(weight), builder.int64([outputs, inputs, taps])]);
  const tapFirst = builder.node("Transpose", [rows], { perm: ints([0, 2, 1]) }); // [O, taps, I]
  const blocks = inputs / block;
  const cut = builder.node("Reshape", [tapFirst, builder.int64([outputs * taps * blocks, block])]);
  const order: number[] = [];
  for (let input = 0; input < blocks; input++) {
    for (let first = 0; first < outputs; first += block) {
      for (let tap = taps - 1; tap >= 0; tap--) {
        for (let o = first; o < first + block; o++) order.push((o * taps + tap) * blocks + input);
      }
    }
  }
  const gathered = builder.node("Gather", [cut, indices(order, builder)], { axis: int(0) });
  const [, , ...kernel] = weight.shape;
  return builder.node("Reshape", [gathered, builder.int64([inputs, outputs, ...kernel])]);
}

function indices(order: readonly number[], builder: Lowering["builder"]): string {
  return builder.constant(Int32Array.from(order), "int32", [order.length]);
}

function sizesOf({ shape }: Value): { outputs: number; inputs: number; taps: number } {
  const [outputs, inputs, height, width] = shape as [number, number, number, number];
  return { outputs, inputs, taps: height * width };
}
