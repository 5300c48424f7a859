import { createRandom, type HostTensor, tensor } from "@diffusion-forcing/core";
import {
  add,
  conv2d,
  gradient,
  layerNorm,
  matmul,
  mean,
  mul,
  relu,
  softmax,
  sum,
  trace,
  type Value,
} from "@diffusion-forcing/core/graph";
import { expect, it } from "vitest";
import { onnxBackend } from "./onnx-backend.js";

function normal(seed: number, ...shape: number[]): HostTensor {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  createRandom(seed).fillNormal(data);
  return tensor(data, shape);
}

const inputs = {
  x: normal(1, 96, 130),
  w: normal(2, 130, 257),
  scale: normal(3, 257),
  shift: normal(4, 257),
  images: normal(5, 6, 5, 17, 17),
  kernel: normal(6, 7, 5, 3, 3),
  bias: normal(7, 7),
};

// The backend changes how its threads wait while it runs, which may show in the time only.
it("computes the same bits with threads that spin and that sleep: products, reductions, normalisations, convolutions, gradients", async () => {
  const graph = trace(inputs, ({ x, w, scale, shift, images, kernel, bias }) => {
    const hidden = relu(layerNorm(matmul(x, w), scale, shift));
    const frames = conv2d(images, kernel, bias, { padding: 1 });
    const loss = add(mean(mul(hidden, softmax(hidden))), mean(mul(frames, frames)));
    const [dw, dScale, dKernel, dBias] = gradient(loss, [w, scale, kernel, bias]) as [Value, Value, Value, Value];
    return { loss, hidden, columns: sum(hidden, 0), frames, dw, dScale, dKernel, dBias };
  });
  const results: Record<string, HostTensor>[] = [];
  for (const spinning of [true, false, true, false]) {
    const backend = await onnxBackend({ device: "cpu", threads: 3, spinning });
    results.push((await (await backend.compile(graph)).run(inputs)) as Record<string, HostTensor>);
    await backend.dispose();
  }
  for (const result of results) {
    const differing = Object.keys(result).filter(
      (name) => !Buffer.from(result[name]!.data.buffer).equals(Buffer.from(results[0]![name]!.data.buffer)),
    );
    expect(differing).toEqual([]);
  }
});
