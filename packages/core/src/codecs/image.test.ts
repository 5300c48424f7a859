import { expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import { imageCodec } from "./image.js";

it("maps 0..255 to -1..1 and back, every pixel value exactly", () => {
  const codec = imageCodec();
  const pixels = tensor(
    Int32Array.from({ length: 256 }, (_, i) => i),
    [1, 1, 1, 16, 16],
  );
  const tokens = codec.encode(pixels);
  expect([tokens.data[0], tokens.data[51], tokens.data[255]]).toEqual([-1, Math.fround(-0.6), 1]);
  expect(codec.decode(tokens)).toEqual(pixels);
});

it("limits what a model imagines beyond white and black", () => {
  expect(imageCodec().decode(tensor([-1.5, 1.01, 0.0001, 7], [1, 1, 4]))).toEqual(
    tensor(Int32Array.of(0, 255, 128, 255), [1, 1, 4]),
  );
  expect(() => imageCodec().decode(tensor(Int32Array.of(1), [1, 1, 1]))).toThrow("expected float32");
});
