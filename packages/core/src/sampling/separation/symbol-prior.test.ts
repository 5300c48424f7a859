import { expect, it } from "vitest";
import { categoricalCodec } from "../../codecs/categorical.js";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { cpHead } from "../../models/cp-head.js";
import { initializeParameters } from "../../models/parameters.js";
import { transformer } from "../../models/transformer/index.js";
import { multiTokenTraining } from "../../training/multi-token.js";
import { train } from "../../training/train.js";
import { separate } from "./separate.js";
import { SumCounts } from "./sum-counts.js";
import { symbolPrior } from "./symbol-prior.js";

const head = cpHead({ categories: 3 });
const model = transformer({ features: 3, outputs: head.outputs, width: 16, layers: 1, heads: 2 });
const backend = referenceBackend();
const codec = categoricalCodec({ categories: 3 });

/** 0 1 2 0 1 2 ... upwards, or downwards, from a random start. */
async function counting(step: 1 | 2) {
  const { parameters } = await train(multiTokenTraining({ model, head }), {
    backend,
    batches: (_step, random) => {
      const starts = Array.from({ length: 8 }, () => random.integer(0, 3));
      const symbols = Int32Array.from({ length: 48 }, (_, i) => {
        return ((starts[Math.floor(i / 6)] as number) + step * (i % 6)) % 3;
      });
      return { tokens: codec.encode(tensor(symbols, [8, 6])) };
    },
    steps: 80,
    seed: 1,
    optimizer: { learningRate: 1e-2 },
  });
  return symbolPrior({ backend, model, head, parameters, length: 6 });
}

it("separates what counts up from what counts down, of which only the sum is heard", async () => {
  const priors = [await counting(1), await counting(2)] as const;
  // The law after "1": 2 follows, whatever stood before.
  const [afterOne] = await priors[0].logProbs([[0, 1]]);
  expect(Math.exp(afterOne?.[2] as number)).toBeGreaterThan(0.9);
  expect(Array.from(afterOne ?? [], Math.exp).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
  // Sums modulo 3 are always alike: 0 + 2, 1 + 1, 2 + 0. A place at which 0 and 2 are told apart settles all others.
  const counts = new SumCounts(3);
  counts.add([0, 1, 2], [2, 1, 0], [2, 2, 2]);
  counts.add([0, 1, 2], [2, 1, 0], [2, 2, 0]);
  const { first, second } = await separate({
    priors,
    counts,
    mixture: [2, 2, 0, 2, 2, 2],
    search: { kind: "beam", beams: 9 },
  });
  expect([[...first], [...second]]).toEqual([
    [0, 1, 2, 0, 1, 2],
    [2, 1, 0, 2, 1, 0],
  ]);
  for (const prior of priors) await prior.dispose();
});

it("refuses models that do not fit, prefixes that are too long, and symbols there are not", async () => {
  const parameters = initializeParameters(model, createRandom(1));
  const prior = symbolPrior({ backend, model, head, parameters, length: 3 });
  expect(prior.longest).toBe(2);
  expect(await prior.logProbs([[], []])).toHaveLength(2);
  await expect(prior.logProbs([[0, 1, 2]])).rejects.toThrow("expected one length, at most 2");
  await expect(prior.logProbs([[0], [0, 1]])).rejects.toThrow("prefixes of 1 and 2 symbols");
  await expect(prior.logProbs([[3]])).rejects.toThrow("there is no code 3");
  await expect(prior.logProbs(null as never)).rejects.toThrow("the prefixes are null; expected a list of lists");
  await expect(prior.logProbs([null] as never)).rejects.toThrow("the codes are null; expected a list");
  expect(await prior.logProbs([])).toEqual([]);
  const other = cpHead({ categories: 4 });
  expect(() => symbolPrior({ backend, model, head: other, parameters, length: 3 })).toThrow("expected features: 4");
  expect(() => symbolPrior({ backend, model, head, parameters: {}, length: 3 })).toThrow("missing");
  const odd = { ...model, config: { ...model.config, causal: { toString: 1 } } };
  expect(() => symbolPrior({ backend, model: odd, head, parameters, length: 3 })).toThrow("expected features");
  expect(() => symbolPrior({ backend, model, head, parameters, length: 0 })).toThrow("length is 0");
});
