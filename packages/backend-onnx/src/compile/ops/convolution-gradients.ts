import { sizeOf, type Value, type ValueOf } from "@diffusion-forcing/core/graph";
import { int, ints } from "../attributes.js";
import type { Lowering, LoweringRule } from "../lowering.js";
import { ones } from "../peepholes/patterns.js";
import { blockedConvolution, blockedImage, turnedBlockedKernels, unblocked } from "./blocked-channels.js";
import { channelBlockFor } from "./convolution.js";

type Pair = readonly [height: number, width: number];
const AXES = [0, 1] as const;

/** The convolution of the cotangent with the kernels turned around; for strides and borders beyond that, ConvTranspose. */
export const conv2dInputGradient: LoweringRule<"conv2dInputGradient"> = (node, lowering) => {
  const [cotangent, weight] = node.inputs as readonly [Value, Value];
  const { strides, low, size } = node.attributes;
  const kernel = weight.shape.slice(2) as unknown as Pair;
  const output = cotangent.shape.slice(2) as unknown as Pair;
  const before = AXES.map((axis) => kernel[axis] - 1 - (low[axis] as number));
  const after = AXES.map((axis) => (size[axis] as number) + (low[axis] as number) - output[axis]);
  const pads = [...before, ...after];
  if (strides.some((stride) => stride !== 1) || pads.some((amount) => amount < 0)) return transposed(node, lowering);
  const block = channelBlockFor(weight, node.shape, lowering);
  if (block === undefined) {
    const operands = [lowering.nameOf(cotangent), turnedKernels(weight, lowering)];
    return lowering.builder.node("Conv", operands, { strides: ints([1, 1]), pads: ints(pads) });
  }
  const operands = [blockedImage(cotangent, lowering), turnedBlockedKernels(weight, block, lowering)];
  return unblocked(blockedConvolution(operands, pads, [1, 1], lowering), node.shape[1] as number, false, lowering);
};

function transposed(node: ValueOf<"conv2dInputGradient">, lowering: Lowering): string {
  const { strides, low, high, size } = node.attributes;
  const [cotangent, weight] = node.inputs as readonly [Value, Value];
  // What no kernel saw at the far end, where the stride does not divide the image.
  const unseen = AXES.map((axis) => {
    const bordered = (size[axis] as number) + (low[axis] as number) + (high[axis] as number);
    return (bordered - (weight.shape[axis + 2] as number)) % (strides[axis] as number);
  });
  return lowering.builder.node("ConvTranspose", lowering.operands({ inputs: [cotangent, weight] }), {
    strides: ints(strides),
    pads: ints([...low, ...high]),
    output_padding: ints(unseen),
  });
}

/** [O, I, kh, kw] -> [I, O, kh, kw], each kernel turned by half a turn. */
function turnedKernels(weight: Value, { builder, nameOf }: Lowering): string {
  const [outputs, inputs, ...kernel] = weight.shape as [number, number, number, number];
  const taps = sizeOf(kernel);
  const rows = builder.node("Reshape", [nameOf(weight), builder.int64([outputs, inputs, taps])]);
  const tapFirst = builder.node("Transpose", [rows], { perm: ints([2, 1, 0]) });
  const order = builder.int64(Array.from({ length: taps }, (_, tap) => taps - 1 - tap));
  const reversed = taps === 1 ? tapFirst : builder.node("Gather", [tapFirst, order], { axis: int(0) });
  const exchanged = builder.node("Transpose", [reversed], { perm: ints([1, 2, 0]) });
  return builder.node("Reshape", [exchanged, builder.int64([inputs, outputs, ...kernel])]);
}

/** Most parts that the images are divided into, so that threads can share them out. */
const MOST_GROUPS = 16;

/**
 * The weight's gradient as a convolution itself, of the images with the cotangent for a kernel: each tap of the
 * result has looked at the image shifted by that tap. The batch plays the input channels, the cotangent's channels
 * the output channels, and the image's channels lie beside each other along the width, where a dilation by their
 * number steps from pixel to pixel:
 *
 *     x [1, N, H, W * I] * cotangent [O, N, H', W'] -> [1, O, kh, kw * I]
 *
 * Conv then copies whole rows of channels where it gathers what a tap sees, a piece that stays in the cache at a
 * time, and multiplies. Stacking all shifted images and multiplying by a batch of matrices (the decomposition) takes
 * 9 times the image's memory and 1.5 to 2 times as long: for the shapes in `convolution.ts` 10.1, 7.0 and 6.1 against
 * 5.6, 4.1 and 3.6 ms, in WebAssembly on one thread 55, 34 and 34 against 29, 26 and 25.
 */
export const conv2dWeightGradient: LoweringRule<"conv2dWeightGradient"> = (node, lowering) => {
  const { builder } = lowering;
  const [x, cotangent] = node.inputs as readonly [Value, Value];
  const { strides, low, kernel } = node.attributes;
  const [count, inputs, height, width] = x.shape as [number, number, number, number];
  const outputs = cotangent.shape[1] as number;
  const groups = groupsFor(node);
  const image = builder.node("Reshape", [channelsLast(x, lowering), builder.int64([1, count, height, width * inputs])]);

  // The result would be larger than the kernel where the last pixels are seen by no tap of it.
  const beyond = AXES.map((axis) => {
    const reach = ((cotangent.shape[axis + 2] as number) - 1) * (strides[axis] as number);
    return (kernel[axis] as number) + reach - (x.shape[axis + 2] as number) - (low[axis] as number);
  });
  const high = beyond.map((amount) => Math.max(amount, 0));
  const [rows, columns] = AXES.map((axis) => (kernel[axis] as number) + Math.max(-(beyond[axis] as number), 0)) as [
    number,
    number,
  ];
  const [lowRows, lowColumns] = low as unknown as Pair;
  const slopes = builder.node("Conv", [image, imagesAsChannels(cotangent, groups, lowering)], {
    strides: ints([1, 1]),
    pads: ints([lowRows, lowColumns * inputs, high[0] as number, (high[1] as number) * inputs]),
    dilations: ints([strides[0] as number, (strides[1] as number) * inputs]),
    group: int(groups),
  }); // [1, groups * O, rows, columns * I]
  const summed = sumOfGroups(slopes, groups, outputs * rows * columns * inputs, lowering);
  return weightsOf(summed, [outputs, inputs, rows, columns], kernel as unknown as Pair, lowering);
};

/** As many as leave the sum of their results cheap beside the reading of the cotangent. */
function groupsFor({ inputs, shape }: ValueOf<"conv2dWeightGradient">): number {
  const [, cotangent] = inputs as readonly [Value, Value];
  const count = cotangent.shape[0] as number;
  let groups = MOST_GROUPS;
  while (groups > 1 && (count % groups !== 0 || groups * sizeOf(shape) > 2 * sizeOf(cotangent.shape))) groups /= 2;
  return groups;
}

/** [N, C, H, W] -> [N, H, W, C], over the blocked form if a convolution has made it. */
function channelsLast(x: Value, lowering: Lowering): string {
  const { builder, nameOf, recall, once } = lowering;
  const [count, channels, ...size] = x.shape as [number, number, number, number];
  return once(`channels last ${nameOf(x)}`, () => {
    const blocked = recall<string>(`blocked ${nameOf(x)}`);
    if (blocked !== undefined) return unblocked(blocked, channels, true, lowering);
    const planes = builder.node("Reshape", [nameOf(x), builder.int64([count, channels, sizeOf(size)])]);
    return builder.node("Transpose", [planes], { perm: ints([0, 2, 1]) });
  });
}

/** The cotangent [groups * n, O, H', W'] as kernels [groups * O, n, H', W']. */
function imagesAsChannels(cotangent: Value, groups: number, { builder, nameOf }: Lowering): string {
  const [count, outputs, ...size] = cotangent.shape as [number, number, number, number];
  const each = count / groups;
  const kernels = builder.int64([groups * outputs, each, ...size]);
  const rows = builder.int64([groups, each, outputs, sizeOf(size)]);
  const planes = builder.node("Reshape", [nameOf(cotangent), rows]);
  return builder.node("Reshape", [builder.node("Transpose", [planes], { perm: ints([0, 2, 1, 3]) }), kernels]);
}

function sumOfGroups(slopes: string, groups: number, size: number, lowering: Lowering): string {
  if (groups === 1) return slopes;
  const rows = lowering.builder.node("Reshape", [slopes, lowering.builder.int64([groups, size])]);
  return lowering.builder.node("Gemm", [ones([1, groups], lowering), rows]);
}

/** [.., O, rows, columns * I] -> [O, I, kh, kw], what lies beyond the kernel cut off. */
function weightsOf(
  slopes: string,
  [outputs, inputs, rows, columns]: readonly [number, number, number, number],
  kernel: Pair,
  { builder }: Lowering,
): string {
  let taps = builder.node("Reshape", [slopes, builder.int64([outputs, rows, columns, inputs])]);
  if (rows !== kernel[0] || columns !== kernel[1]) {
    const [starts, ends, axes] = [builder.int64([0, 0]), builder.int64(kernel), builder.int64([1, 2])];
    taps = builder.node("Slice", [taps, starts, ends, axes]);
  }
  const tapRows = builder.node("Reshape", [taps, builder.int64([outputs, sizeOf(kernel), inputs])]);
  const channelRows = builder.node("Transpose", [tapRows], { perm: ints([0, 2, 1]) });
  return builder.node("Reshape", [channelRows, builder.int64([outputs, inputs, ...kernel])]);
}
