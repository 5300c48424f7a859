import { createRandom, type HostTensor, initializeParameters, tensor } from "@diffusion-forcing/core";
import { vectorQuantizer, vectorQuantizerCodec } from "@diffusion-forcing/core/bundle";
import { trace } from "@diffusion-forcing/core/graph";
import * as runtime from "onnxruntime-node";
import { expect, it } from "vitest";
import { toOnnx } from "./to-onnx.js";

it("writes the decoder of a vector quantiser, from codes to features, as a file that computes the same", async () => {
  const quantizer = vectorQuantizer({ features: 5, latentFeatures: 3, codes: 6, width: 8, layers: 1 });
  const parameters = initializeParameters(quantizer, createRandom(2));
  const codes = tensor(Int32Array.of(4, 0, 5, 1), [1, 4]);
  const graph = trace({ ...parameters, codes }, ({ codes: given, ...weights }) => ({
    features: quantizer.decode(weights, quantizer.lookUp(weights, given as NonNullable<typeof given>)),
  }));
  const session = await runtime.InferenceSession.create(toOnnx(graph, { constants: parameters }));
  expect([session.inputNames, session.outputNames]).toEqual([["codes"], ["features"]]);
  const { features } = await session.run({ codes: new runtime.Tensor("int32", codes.data as Int32Array, [1, 4]) });
  await session.release();
  const expected: HostTensor = await vectorQuantizerCodec({ quantizer, parameters }).decodeCodes(codes);
  expect(features?.dims).toEqual([1, 4, 5]);
  expect(Array.from((features as runtime.Tensor).data as Float32Array)).toEqual(
    [...expected.data].map((x) => expect.closeTo(x, 5)),
  );
});
