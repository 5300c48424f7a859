import { describe, expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import { meanSquaredError, psnr, ssim } from "./images.js";

const ramp = (slope: number) =>
  tensor(
    Float32Array.from({ length: 144 }, (_, i) => 0.3 + slope * ((i % 12) - 5.5)),
    [1, 12, 12],
  );

describe("images", () => {
  it("differ by the mean squared error", () => {
    expect(meanSquaredError(tensor([1, 2, 3]), tensor([1, 4, 0]))).toBeCloseTo(13 / 3, 12);
    expect(() => meanSquaredError(tensor([1]), tensor([1, 2]))).toThrow("got [1] and [2]");
  });

  it("have a peak signal-to-noise ratio in decibels", () => {
    expect(psnr(tensor([0, 0]), tensor([0.1, 0.1]), 1)).toBeCloseTo(20, 5);
    expect(psnr(tensor([0, 0]), tensor([0.1, 0.1]), 2)).toBeCloseTo(20 + 20 * Math.log10(2), 5);
    expect(psnr(tensor([1]), tensor([1]), 1)).toBe(Number.POSITIVE_INFINITY);
  });

  it("are 1 like themselves and less like others", () => {
    expect(ssim(ramp(0.05), ramp(0.05), { range: 1 })).toBeCloseTo(1, 10);
    expect(ssim(ramp(0.05), ramp(-0.05), { range: 1 })).toBeLessThan(0);
  });

  it("of constant value compare by their means alone", () => {
    const flat = (value: number) => tensor(new Float32Array(144).fill(value), [12, 12]);
    const c1 = 0.01 ** 2;
    const expected = (2 * 0.5 * 0.7 + c1) / (0.25 + 0.49 + c1);
    expect(ssim(flat(0.5), flat(0.7), { range: 1 })).toBeCloseTo(expected, 5);
  });

  it("with one pixel as the window follow the formula without variance", () => {
    const c1 = 0.01 ** 2;
    const [x, y] = [tensor([0.2, 0.8], [1, 2]), tensor([0.4, 0.8], [1, 2])];
    const first = (2 * 0.2 * 0.4 + c1) / (0.04 + 0.16 + c1);
    expect(ssim(x, y, { range: 1, window: 1 })).toBeCloseTo((first + 1) / 2, 5);
  });

  it("compare as by a two-dimensional Gaussian window of 11 and deviation 1.5, K2 = 0.03", () => {
    // Expected: the definition in doubles, moments centred, weights exp(-(i^2 + j^2) / 4.5) in the plane, not one axis after the other.
    const image = (f: (i: number, j: number) => number) => ({
      shape: [11, 12],
      data: Float64Array.from({ length: 132 }, (_, k) => f(Math.floor(k / 12), k % 12)),
    });
    const x = image((i, j) => ((3 * i + 5 * j) % 7) / 7);
    const y = image((i, j) => ((3 * i + 5 * j) % 7) / 9 + ((2 * i + 3 * j) % 5) / 25);
    expect(ssim(x, y, { range: 1 })).toBeCloseTo(0.9423038372026258, 10);
  });

  it("compare alike in any unit of brightness", () => {
    const twice = (image: ReturnType<typeof ramp>) =>
      tensor(
        image.data.map((x) => 2 * x),
        image.shape,
      );
    const [x, y] = [
      ramp(0.05),
      tensor(
        ramp(0.05).data.map((v, i) => v + 0.1 * Math.sin(i)),
        [1, 12, 12],
      ),
    ];
    expect(ssim(x, y, { range: 1 })).toBeLessThan(0.99);
    expect(ssim(twice(x), twice(y), { range: 2 })).toBeCloseTo(ssim(x, y, { range: 1 }), 6);
    expect(ssim(x, y, { range: 2 })).toBeGreaterThan(ssim(x, y, { range: 1 }) + 1e-4);
  });

  it("are refused without any element, and where the window fits one axis only", () => {
    const flat = (...shape: number[]) => tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
    expect(() => meanSquaredError(flat(0), flat(0))).toThrow("got [0] and [0]");
    for (const shape of [[5, 12], [12, 5], [144], []]) {
      expect(() => ssim(flat(...shape), flat(...shape), { range: 1 })).toThrow("are smaller than the window 11 x 11");
    }
    for (const window of [0, -1, 1.5]) {
      expect(() => ssim(flat(12, 12), flat(12, 12), { range: 1, window })).toThrow("expected an odd number");
    }
    expect(() => ssim(flat(12, 12), flat(12, 12), { range: 1, std: 0 })).toThrow("std is 0");
    expect(() => ssim(flat(12, 12), flat(12, 12), {} as never)).toThrow("range is missing");
    expect(() => psnr(flat(2), flat(2), 0)).toThrow("is 0; expected a positive number");
  });

  it("are refused when they are smaller than the window, or the window is even", () => {
    const image = tensor(new Float32Array(100), [10, 10]);
    expect(() => ssim(image, image, { range: 1 })).toThrow("smaller than the window 11 x 11");
    expect(() => ssim(image, image, { range: 1, window: 4 })).toThrow("window is 4; expected an odd number");
  });
});
