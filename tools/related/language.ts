import { readFileSync } from "node:fs";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import {
  type Backend,
  countParameters,
  type HostTensor,
  type HostTensorRecord,
  transformer,
} from "@diffusion-forcing/core";
import { readTensor, type Tensor } from "@diffusion-forcing/core/backend";
import { categoricalCodec } from "@diffusion-forcing/core/bundle";
import { add, mul, reshape, sum, trace } from "@diffusion-forcing/core/graph";
import { type CpHead, cpHead, type Model, nextSymbols } from "@diffusion-forcing/core/models";
import { multiTokenTraining, train } from "@diffusion-forcing/core/training";
import { language } from "@diffusion-forcing/tasks";
import { markdown } from "../markdown.js";

/** Bits per character of each sequence of one-hot tokens [B, T, V]. */
async function bitsOf(backend: Backend, model: Model, head: CpHead, parameters: HostTensorRecord, tokens: HostTensor) {
  const [batch, length, categories] = tokens.shape as [number, number, number];
  const graph = trace({ tokens, ...parameters }, ({ tokens: given, ...weights }) => {
    const oneHot = reshape(mul(add(given, 1), 0.5), [batch, length, 1, categories]);
    return { nats: sum(head.surprise(head.law(nextSymbols(model, weights, given)), oneHot), 1) };
  });
  const executable = await backend.compile(graph, { constants: parameters });
  const { nats } = await executable.run({ tokens });
  const { data } = await readTensor(nats as Tensor);
  executable.dispose();
  return Array.from(data, (value) => value / length / Math.LN2);
}

/**
 * The language model that the Bayesian flow of `dforce train language --preset PRESET` stands beside: a causal transformer of
 * the same width and depth that predicts the next character, on windows of the same length, for the same steps; scored on
 * the held-out windows that `dforce eval` takes.
 */
export async function languageTable(path?: string, preset = "quick"): Promise<string> {
  if (path === undefined) throw new Error("usage: npm run related -- language TEXT.txt [PRESET]");
  const { window, model: size, training } = language.languageTask.presets[preset] as language.LanguageRecipe;
  const [{ length, batch }, { steps }, windows] = [window, training, 64];
  const corpus = language.corpusOf({ name: path, bytes: readFileSync(path) }, length);
  const categories = Array.from(corpus.alphabet).length;
  const codec = categoricalCodec({ categories });
  const head = cpHead({ categories });
  const model = transformer({ features: categories, outputs: head.outputs, ...size });
  const backend = await onnxBackend({ threads: 1 });
  const start = performance.now();
  const { parameters } = await train(multiTokenTraining({ model, head }), {
    backend,
    batches: (_step, random) => ({
      tokens: codec.encode(language.randomWindows(corpus.training, batch, length, random)),
    }),
    steps,
    seed: 0,
    optimizer: { learningRate: training.learningRate },
    learningRate: training.schedule,
    emaDecay: training.emaDecay,
    log: ({ step, loss }) => {
      if (step % 50 === 0) process.stderr.write(`step ${step}: ${(loss / Math.LN2).toFixed(3)} bits\n`);
    },
  });
  const minutes = (performance.now() - start) / 60_000;
  const heldOut = codec.encode(language.spreadWindows(corpus.heldOut, windows, length));
  const bits = await bitsOf(backend, model, head, parameters, heldOut);
  await backend.dispose();
  const mean = bits.reduce((total, value) => total + value / windows, 0);
  const variance = bits.reduce((total, value) => total + (value - mean) ** 2 / (windows - 1), 0);
  const error = 1.96 * Math.sqrt(variance / windows);
  const interval = `${mean.toFixed(3)} [${(mean - error).toFixed(3)}, ${(mean + error).toFixed(3)}]`;
  return markdown(
    ["model", "parameters", "steps", "minutes", "bits per character, held out (95 % interval)"],
    [["causal transformer", countParameters(model), steps, minutes.toFixed(1), interval]],
  );
}
