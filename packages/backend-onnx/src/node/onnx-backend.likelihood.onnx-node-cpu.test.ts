import {
  createRandom,
  initializeParameters,
  linearSchedule,
  pyramid,
  referenceBackend,
  schedulingMatrix,
  tensor,
  transformer,
  variancePreserving,
} from "@diffusion-forcing/core";
import { evidenceLowerBound } from "@diffusion-forcing/core/likelihood";
import { expect, it } from "vitest";
import { onnxBackend } from "./onnx-backend.js";

it("bounds a likelihood with the reference backend's nats", async () => {
  const model = transformer({ features: 2, width: 16, layers: 1, heads: 2 });
  const diffusion = {
    model,
    process: variancePreserving(linearSchedule(100), { noiseClip: 6 }),
    lossWeighting: { kind: "uniform" },
  } as const;
  const data = new Float32Array(2 * 3 * 2);
  createRandom(1).fillNormal(data);
  const options = {
    parameters: initializeParameters(model, createRandom(2)),
    tokens: tensor(data, [2, 3, 2]),
    timesteps: 10,
    // The first token is given through noise.
    rows: schedulingMatrix(pyramid({ uncertainty: 1 }), 10, 2).rows.map((row) => [3, ...row]),
    draws: 2,
    seed: 3,
  };
  const expected = await evidenceLowerBound(diffusion, { ...options, backend: referenceBackend() });
  const backend = await onnxBackend({ device: "cpu" });
  try {
    const found = await evidenceLowerBound(diffusion, { ...options, backend });
    for (const [b, nats] of expected.nats.entries()) {
      expect(Math.abs(found.nats[b]! / nats - 1)).toBeLessThan(1e-4);
    }
    expect(found.bitsPerDimension / expected.bitsPerDimension).toBeCloseTo(1, 4);
  } finally {
    await backend.dispose();
  }
});
