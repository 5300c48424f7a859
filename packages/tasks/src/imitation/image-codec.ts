import { type HostTensor, tensor } from "@diffusion-forcing/core";
import { type PlainCodec, principalComponentsCodec } from "@diffusion-forcing/core/bundle";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { actionSize } from "./observation.js";

/** Frames that the components are computed from: their products fill a matrix of this size. */
const FRAMES = 400;

/**
 * The codec of actions and images: actions are kept, images become their coordinates along the principal components of the
 * demonstrations' images, all of deviation 1. The components are those of 400 frames, evenly spread, by the eigenvectors
 * of the frames' products (Sirovich 1987), which are fewer than pixels.
 *
 * @param items [N, T, 3 + pixels]
 */
export function fitImageCodec({ shape, data }: HostTensor<"float32">, components: number): PlainCodec {
  const [count, length, size] = shape as [number, number, number];
  const pixels = size - actionSize;
  const total = count * length;
  const frames = Math.min(FRAMES, total);
  const place = (i: number): number => Math.floor((i * total) / frames) * size;
  const mean = new Float32Array(size);
  for (let i = 0; i < frames; i++) {
    for (let f = 0; f < size; f++) mean[f] = (mean[f] as number) + (data[place(i) + f] as number) / frames;
  }
  const centred = Array.from({ length: frames }, (_, i) =>
    Float64Array.from({ length: pixels }, (_, f) => {
      const at = actionSize + f;
      return (data[place(i) + at] as number) - (mean[at] as number);
    }),
  );
  const products = new Matrix(frames, frames);
  for (let i = 0; i < frames; i++) {
    for (let j = 0; j <= i; j++) {
      const [a, b] = [centred[i] as Float64Array, centred[j] as Float64Array];
      let product = 0;
      for (let f = 0; f < pixels; f++) product += (a[f] as number) * (b[f] as number);
      products.set(i, j, product);
      products.set(j, i, product);
    }
  }
  // Eigenvalues rise: the last are the largest.
  const { realEigenvalues: values, eigenvectorMatrix: vectors } = new EigenvalueDecomposition(products, {
    assumeSymmetric: true,
  });
  const basis = new Float32Array(components * pixels);
  const std = new Float32Array(actionSize + components);
  for (let c = 0; c < components; c++) {
    const column = frames - 1 - c;
    const value = values[column] as number;
    std[actionSize + c] = Math.sqrt(value / frames);
    for (let i = 0; i < frames; i++) {
      const weight = vectors.get(i, column) / Math.sqrt(value);
      const frame = centred[i] as Float64Array;
      for (let f = 0; f < pixels; f++) {
        basis[c * pixels + f] = (basis[c * pixels + f] as number) + weight * (frame[f] as number);
      }
    }
  }
  for (let a = 0; a < actionSize; a++) {
    let square = 0;
    for (let i = 0; i < frames; i++) square += ((data[place(i) + a] as number) - (mean[a] as number)) ** 2 / frames;
    std[a] = Math.sqrt(square);
  }
  return principalComponentsCodec(
    { kept: actionSize, features: pixels, components },
    {
      mean: tensor(mean, [size]),
      std: tensor(std, [actionSize + components]),
      basis: tensor(basis, [components, pixels]),
    },
  );
}
