import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { tensor, transformer } from "@diffusion-forcing/core";
import { cpHead } from "@diffusion-forcing/core/models";
import { sampleSymbols } from "@diffusion-forcing/core/sampling";
import {
  type BatchSource,
  constrainedTraining,
  multipliersOf,
  multiTokenTraining,
  train,
} from "@diffusion-forcing/core/training";
import { markdown } from "../markdown.js";

const DRAWS = 10_000;

/** A symbol that a tenth of the data shows, under bounds on its loss: how often the model says it, and the multiplier. */
export async function constraintsTable(): Promise<string> {
  const head = cpHead({ categories: 2 });
  const model = transformer({ features: 2, outputs: head.outputs, width: 16, layers: 1, heads: 1 });
  const coins =
    (share: number): BatchSource =>
    () => ({
      tokens: tensor(Array.from({ length: 20 }, (_, b) => (b < 20 * share ? [-1, 1] : [1, -1])).flat(), [20, 1, 2]),
    });
  const backend = await onnxBackend({ threads: 1 });
  const rows: (string | number)[][] = [];
  for (const [name, bound] of [
    ["none", 100],
    ["log 4", Math.log(4)],
    ["log 2", Math.log(2)],
  ] as const) {
    const { trainable, batches } = constrainedTraining({
      rate: 0.02,
      subject: multiTokenTraining({ model, head }),
      constraints: [{ name: "rare", bound, batches: coins(1) }],
    });
    const { parameters } = await train(trainable, {
      backend,
      batches: batches(coins(0.1)),
      steps: 1500,
      optimizer: { learningRate: 3e-3, weightDecay: 0 },
      emaDecay: 0.995,
    });
    const { multipliers, weights } = multipliersOf(parameters);
    const { symbols } = await sampleSymbols({
      backend,
      model,
      head,
      parameters: weights,
      batch: DRAWS,
      length: 1,
      seed: 1,
    });
    const share = symbols.data.filter((symbol) => symbol === 1).length / DRAWS;
    rows.push([name, share.toFixed(3), (multipliers.rare as number).toFixed(2)]);
  }
  await backend.dispose();
  return markdown(["bound on the rare symbol's loss", "its share of 10,000 draws", "multiplier"], rows);
}
