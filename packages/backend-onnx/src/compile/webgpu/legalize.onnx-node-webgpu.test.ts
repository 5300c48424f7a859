import { cosineSchedule, ddim, diffusionForcing, tensor, transformer, zeros } from "@diffusion-forcing/core";
import {
  buildGraph,
  emit,
  input,
  type OpName,
  sign,
  square,
  sum,
  trace,
  type Value,
} from "@diffusion-forcing/core/graph";
import { type OpCase, opCases } from "@diffusion-forcing/core/testing";
import { describe, expect, it } from "vitest";
import { loadRuntime } from "../../node/load-runtime.js";
import { onnxBackend } from "../../node/onnx-backend.js";
import { toOnnx } from "../to-onnx.js";

/** Sessions fail to open if any node would run on the CPU. */
const strict = { extra: { session: { disable_cpu_ep_fallback: "1" } } };

function graphOf({ op, operands, attributes }: OpCase) {
  const inputs = operands.map(({ dtype, shape }, i) => input(`x${i}`, { dtype, shape }));
  return buildGraph(inputs, { y: emit<OpName>(op, inputs, attributes) as Value });
}

describe("every node runs on the device", () => {
  it("and the check finds one that does not", async () => {
    const { InferenceSession } = await loadRuntime();
    const model = toOnnx(trace({ x: tensor([1]) }, ({ x }) => ({ y: sign(x) })));
    const opened = InferenceSession.create(model, { executionProviders: ["webgpu"], logSeverityLevel: 4, ...strict });
    await expect(opened).rejects.toThrow("fallback to CPU EP has been explicitly disabled");
  });

  it("of every op on every dtype", async () => {
    const backend = await onnxBackend({ device: "webgpu", sessionOptions: strict });
    for (const operation of Object.values(opCases).flat() as OpCase[]) {
      const executable = await backend.compile(graphOf(operation)).catch((error: Error) => {
        throw new Error(`${operation.op} ${JSON.stringify(operation.operands)}: ${error.message}`);
      });
      executable.dispose();
    }
    await backend.dispose();
  });

  it("of training and of guided and plain sampling", async () => {
    const backend = await onnxBackend({ device: "webgpu", sessionOptions: strict });
    const forcing = diffusionForcing({
      model: transformer({ features: 2, width: 16, layers: 2, heads: 2 }),
      schedule: cosineSchedule(100),
    });
    const batches = () => ({ tokens: zeros("float32", [2, 6, 2]) });
    const { parameters } = await forcing.train({ backend, batches, steps: 2, emaDecay: false });
    const guidance = { reward: (x0: Value) => sum(square(x0), [1, 2]), samples: 2 };
    for (const options of [{}, { solver: ddim({ eta: 1 }) }, { guidance }]) {
      const sampler = forcing.sampler({ backend, parameters, timesteps: 3, ...options });
      const result = await sampler.denoise({
        tokens: zeros("float32", [1, 6, 2]),
        rows: [3, 2, 1, 0].map((level) => new Array(6).fill(level)),
        seed: 0,
      });
      expect(result.data.every(Number.isFinite)).toBe(true);
      await sampler.dispose();
    }
    await backend.dispose();
  });
});
