import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { tensor, transformer } from "@diffusion-forcing/core";
import { cpHead } from "@diffusion-forcing/core/models";
import { sampleSymbols } from "@diffusion-forcing/core/sampling";
import { multiTokenTraining, train } from "@diffusion-forcing/core/training";
import { markdown } from "../markdown.js";

/** Runs of four equal symbols of 8, by rank: the loss of four at once, and runs of the model for 16 symbols. */
export async function multiTokenTable(): Promise<string> {
  const [categories, ahead, length] = [8, 4, 16];
  const backend = await onnxBackend({ threads: 1 });
  const rows: (string | number)[][] = [];
  for (const rank of [1, 2, 8]) {
    const head = cpHead({ categories, ahead, rank });
    const model = transformer({ features: categories, outputs: head.outputs, width: 32, layers: 1, heads: 2 });
    const { parameters, losses } = await train(multiTokenTraining({ model, head }), {
      backend,
      batches: (_step, random) => {
        const symbols = Array.from({ length: 16 * 4 }, () => random.integer(0, categories));
        const data = Float32Array.from({ length: 16 * length * categories }, (_, i) =>
          symbols[Math.floor(i / categories / 4)] === i % categories ? 1 : -1,
        );
        return { tokens: tensor(data, [16, length, categories]) };
      },
      steps: 600,
      optimizer: { learningRate: 5e-3 },
    });
    const calls: number[] = [];
    for (let seed = 0; seed < 10; seed++) {
      calls.push((await sampleSymbols({ backend, model, head, parameters, length, seed })).calls);
    }
    const last = losses.slice(-50).reduce((sum, loss) => sum + loss / 50, 0);
    rows.push([rank, last.toFixed(2), length, (calls.reduce((sum, count) => sum + count, 0) / 10).toFixed(1)]);
  }
  await backend.dispose();
  return markdown(["rank", "nats of 4 symbols", "symbols", "runs of the model, mean of 10"], rows);
}
