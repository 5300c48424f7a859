import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { createRandom, fullSequence, schedulingMatrix, tensor } from "@diffusion-forcing/core";
import { log, maximum } from "@diffusion-forcing/core/graph";
import { evidenceLowerBound } from "@diffusion-forcing/core/likelihood";
import type { Model } from "@diffusion-forcing/core/models";
import { discreteBayesianFlow } from "@diffusion-forcing/core/process";
import { markdown } from "../markdown.js";

/** The bound of a discrete flow with the Bayes predictor of 27 equally likely symbols, by the number of steps. */
export async function bayesianFlowTable(): Promise<string> {
  const [categories, batch] = [27, 5000];
  const process = discreteBayesianFlow({ categories });
  const model: Model = {
    config: { kind: "bayes" },
    tokenShape: [categories],
    conditionFeatures: 0,
    parameters: {},
    apply: (_, { tokens }) => log(maximum(tokens, 1e-30)),
  };
  const random = createRandom(5);
  const data = new Float32Array(batch * categories).fill(-1);
  for (let b = 0; b < batch; b++) data[b * categories + random.integer(0, categories)] = 1;
  const backend = await onnxBackend({ threads: 1 });
  const rows: (string | number)[][] = [];
  for (const timesteps of [20, 100, 400]) {
    const { nats } = await evidenceLowerBound(
      { model, process, lossWeighting: process.lossWeighting },
      {
        backend,
        parameters: {},
        tokens: tensor(data, [batch, 1, categories]),
        timesteps,
        rows: schedulingMatrix(fullSequence(), timesteps, 1).rows,
        seed: 3,
      },
    );
    const mean = -nats.reduce((sum, value) => sum + value, 0) / batch;
    const variance = nats.reduce((sum, value) => sum + (value + mean) ** 2, 0) / (batch - 1);
    rows.push([timesteps, mean.toFixed(3), Math.sqrt(variance / batch).toFixed(3), Math.log(categories).toFixed(3)]);
  }
  await backend.dispose();
  return markdown(["steps", "bound, nats", "standard error", "entropy"], rows);
}
