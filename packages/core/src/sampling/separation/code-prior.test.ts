import { expect, it } from "vitest";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { initializeParameters } from "../../models/parameters.js";
import { transformer } from "../../models/transformer/index.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import { variancePreserving } from "../../process/gaussian/variance-preserving.js";
import { tokenPrediction } from "../../process/token-prediction/token-prediction.js";
import { codeChainOracle } from "../../testing/oracles/code-chain.js";
import { codePrior } from "./code-prior.js";

const schedule = cosineSchedule(50);
const codebook = [
  [1, 0.5],
  [-1.2, 0.4],
  [0.3, -1.4],
];
const process = tokenPrediction({ codebook, schedule });
const { lossWeighting } = process;
const backend = referenceBackend();
const chain = {
  initial: [0.5, 0.3, 0.2],
  transition: [
    [0.7, 0.2, 0.1],
    [0.1, 0.3, 0.6],
    [0.2, 0.6, 0.2],
  ],
};

it("tells the law of the next code after clean ones", async () => {
  const model = codeChainOracle({ ...chain, codebook, path: schedule.path });
  const prior = codePrior({ backend, diffusion: { model, process, lossWeighting }, parameters: {}, length: 4 });
  expect([prior.categories, prior.longest]).toEqual([3, 3]);
  const laws = async (...prefixes: number[][]) =>
    (await prior.logProbs(prefixes)).map((row) => Array.from(row, (log) => Math.round(1e4 * Math.exp(log)) / 1e4));
  expect(await laws([])).toEqual([[0.5, 0.3, 0.2]]);
  expect(await laws([1], [2], [0])).toEqual([
    [0.1, 0.3, 0.6],
    [0.2, 0.6, 0.2],
    [0.7, 0.2, 0.1],
  ]);
  expect(await laws([0, 1, 2])).toEqual([[0.2, 0.6, 0.2]]);
  await prior.dispose();
});

it("passes the condition on", async () => {
  const model = transformer({ features: 2, outputs: 3, conditionFeatures: 2, width: 8, layers: 1, heads: 2 });
  const given = { backend, diffusion: { model, process, lossWeighting }, length: 4 };
  const parameters = initializeParameters(model, createRandom(1));
  const laws = await Promise.all(
    [
      [1, 0],
      [0, 1],
    ].map((condition) => codePrior({ ...given, parameters, condition }).logProbs([[0, 1]])),
  );
  expect(laws[0]).not.toEqual(laws[1]);
  expect(() => codePrior({ ...given, parameters })).toThrow("condition has 0 numbers; the model takes 2");
});

it("refuses a diffusion of another kind", () => {
  const model = transformer({ features: 2, width: 8, layers: 1, heads: 2 });
  const other = variancePreserving(schedule);
  const diffusion = { model, process: other, lossWeighting };
  expect(() => codePrior({ backend, diffusion, parameters: {}, length: 4 })).toThrow(
    'of kind "variance-preserving" and a token [2]; expected "token-prediction"',
  );
});

it("asks for the process's kind, its codebook, and tokens of one code", () => {
  const model = codeChainOracle({ ...chain, codebook, path: schedule.path });
  const refusal = (config: object, tokenShape = model.tokenShape) => {
    const diffusion = {
      model: { ...model, tokenShape },
      process: { ...process, config: config as never },
      lossWeighting,
    };
    return () => codePrior({ backend, diffusion, parameters: {}, length: 4 });
  };
  const wrong = expect.objectContaining({
    code: "invalid-config",
    message: expect.stringMatching(/the process is of kind .* and a token \[.\]; expected "token-prediction"/),
  });
  expect(refusal(process.config)).not.toThrow();
  expect(refusal({ kind: "jumps", codebook })).toThrow(wrong);
  expect(refusal({ kind: "token-prediction" })).toThrow(wrong);
  expect(refusal({ kind: "token-prediction", codebook: [] })).toThrow(wrong);
  expect(refusal(process.config, [4])).toThrow(wrong);
});
