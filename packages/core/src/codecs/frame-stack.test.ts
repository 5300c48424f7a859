import { expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import { frameStackCodec } from "./frame-stack.js";

it("puts consecutive frames side by side on the channel axis, and takes them apart again", () => {
  const codec = frameStackCodec(2);
  const frames = tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 4, 2]);
  expect(codec.encode(frames)).toEqual(tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 4]));
  expect(codec.decode(codec.encode(frames))).toEqual(frames);
  const images = tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2, 1]);
  expect(codec.encode(images).shape).toEqual([1, 1, 4, 2, 1]);
  expect(codec.decode(codec.encode(images))).toEqual(images);
  expect(codec.tokenShape([3, 8, 8])).toEqual([6, 8, 8]);
  expect(codec.itemsPerToken).toBe(2);
});

it("refuses frames that do not divide, naming the nearest numbers that do", () => {
  expect(() => frameStackCodec(2).encode(tensor([1, 2, 3, 4, 5], [1, 5, 1]))).toThrow(
    "5 frames do not divide into tokens of 2; give 4 or 6",
  );
  expect(() => frameStackCodec(2).encode(tensor([1], [1, 1, 1]))).toThrow("give 2");
  expect(() => frameStackCodec(2).decode(tensor([1, 2, 3], [1, 1, 3]))).toThrow("channels of 2 stacked frames");
  expect(() => frameStackCodec(2).tokenShape([])).toThrow("expected [C, ...]");
  for (const frames of [0, 1.5, Number.NaN, "2"])
    expect(() => frameStackCodec(frames as number)).toThrow("a whole number");
});
