import { readFileSync } from "node:fs";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { countParameters, type HostTensor, transformer } from "@diffusion-forcing/core";
import { categoricalCodec } from "@diffusion-forcing/core/bundle";
import { cpHead } from "@diffusion-forcing/core/models";
import { multiTokenTraining, train } from "@diffusion-forcing/core/training";
import { language } from "@diffusion-forcing/tasks";
import { markdown } from "./markdown.js";

/**
 * The language model that the Bayesian flow of `dforce train language --preset small` stands beside: a causal transformer
 * of the same width and depth that predicts the next character, on the same windows, for the same steps.
 */
export async function languageTable(path: string | undefined, steps = 2000): Promise<string> {
  if (path === undefined) throw new Error("usage: npm run related -- language TEXT.txt");
  const [length, batch, windows] = [64, 16, 64];
  const corpus = language.corpusOf({ name: path, bytes: readFileSync(path) }, length);
  const categories = Array.from(corpus.alphabet).length;
  const codec = categoricalCodec({ categories });
  const head = cpHead({ categories });
  const model = transformer({ features: categories, outputs: head.outputs, width: 128, layers: 3, heads: 4 });
  const backend = await onnxBackend({ threads: 1 });
  const encode = (symbols: HostTensor<"int32">) => ({ tokens: codec.encode(symbols) });
  let last = Number.NaN;
  const start = performance.now();
  await train(multiTokenTraining({ model, head }), {
    backend,
    batches: (_step, random) => encode(language.randomWindows(corpus.training, batch, length, random)),
    steps,
    seed: 0,
    optimizer: { learningRate: 2e-3 },
    learningRate: { kind: "cosine", warmupSteps: 100 },
    emaDecay: 0.99,
    evaluate: { every: 500, batches: [encode(language.spreadWindows(corpus.heldOut, windows, length))] },
    log: ({ step, loss, validationLoss }) => {
      if (validationLoss !== undefined) last = validationLoss;
      if (step % 50 === 0) process.stderr.write(`step ${step}: ${(loss / Math.LN2).toFixed(3)} bits\n`);
    },
  });
  await backend.dispose();
  return markdown(
    ["model", "parameters", "steps", "minutes", "bits per character, held out"],
    [
      [
        "causal transformer",
        countParameters(model),
        steps,
        ((performance.now() - start) / 60_000).toFixed(1),
        (last / Math.LN2).toFixed(3),
      ],
    ],
  );
}
