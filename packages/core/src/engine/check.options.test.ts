import { describe, expect, it } from "vitest";
import { saveBundle } from "../bundle/bundle.js";
import { decodeSafetensors } from "../bundle/safetensors.js";
import { urlSource } from "../bundle/sources/url.js";
import { hubSource } from "../hub/hub-source.js";
import { countParameters, initializeParameters } from "../models/parameters.js";
import { transformer } from "../models/transformer/index.js";
import { toOfficial } from "../official/official-checkpoint.js";
import { linearSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { Sampler } from "../sampling/sampler.js";
import { permutationTest } from "../testing/permutation-test.js";
import { samplingParameters } from "../training/state.js";
import { trainableDiffusion } from "../training/trainable-diffusion.js";
import { gradient } from "./autodiff/index.js";
import { selectBackend } from "./backend/selection/select-backend.js";
import { isDiffusionForcingError } from "./errors.js";
import { conv2d, matmul, mul, sum } from "./graph/operations.js";
import { trace } from "./graph/trace.js";
import { createRandom } from "./random/index.js";
import { referenceProvider } from "./reference/backend.js";
import { evaluateGraph } from "./reference/index.js";
import { tensor } from "./tensor/tensor.js";

const x = { dtype: "float32", shape: [2, 2] } as const;
const traced = (of: Parameters<typeof trace<"x">>[1]) => trace({ x }, of);
const process = variancePreserving(linearSchedule(25));
const model = transformer({ features: 1, width: 8, layers: 1, heads: 1 });
const diffusion = { model, process, lossWeighting: process.lossWeighting };
const points = tensor([0, 1], [2, 1]);

/** Functions whose options are checked nowhere else in a test: by name, a call with options, and one value that cannot be. */
const functions: readonly (readonly [string, (options: never) => unknown, object, object])[] = [
  ["selectBackend", (options) => selectBackend(options), { from: [referenceProvider] }, { probe: true }],
  [
    "gradient",
    (options) => traced(({ x }) => ({ y: gradient(sum(mul(x, x)), [x], options)[0]! })),
    {},
    { rematerialize: 1 },
  ],
  ["matmul", (options) => traced(({ x }) => ({ y: matmul(x, x, options) })), {}, { transposeA: "yes" }],
  ["conv2d", (options) => traced(({ x }) => ({ y: conv2d(x, x, x, options) })), {}, { stride: "2" }],
  [
    "evaluateGraph",
    (options) =>
      evaluateGraph(
        traced(({ x }) => ({ y: x })),
        { x: tensor([1, 2, 3, 4], [2, 2]) },
        options,
      ),
    {},
    { precision: "float16" },
  ],
  ["urlSource", (options) => urlSource("https://a", options), {}, { headers: { a: 1 } }],
  ["hubSource", (options) => hubSource("a/b", options), {}, { revision: 1 }],
  ["decodeSafetensors", (options) => decodeSafetensors(new Uint8Array(8), options), {}, { maxHeaderBytes: -1 }],
  ["toOfficial", (options) => toOfficial({ kind: "transformer" }, {}, options), {}, { prefix: 1 }],
  ["trainableDiffusion: the loss", (options) => trainableDiffusion(diffusion, options), {}, { denominator: 2 }],
  [
    "permutationTest",
    (options) => permutationTest(points, points, options),
    { random: createRandom(0) },
    { statistic: "mean" },
  ],
];

const messageOf = async (call: () => unknown): Promise<string> => {
  try {
    await call();
  } catch (error) {
    return isDiffusionForcingError(error, "invalid-argument") ? error.message : `of another kind: ${error}`;
  }
  return "taken";
};

describe.each(functions)("the options of %s", (name, call, legal, illegal) => {
  it("are refused if there is no such option", async () => {
    expect(await messageOf(() => call({ ...legal, surprise: 1 } as never))).toContain(
      `${name}: there is no option surprise.`,
    );
  });

  it("are refused by the name of one whose value cannot be", async () => {
    const [option] = Object.keys(illegal);
    const message = await messageOf(() => call({ ...legal, ...illegal } as never));
    expect(message).toMatch(new RegExp(`^${name}: ${option}[ .].*expected`));
  });
});

it.each<[string, (nothing: never) => unknown]>([
  ["sampler: the diffusion", (nothing) => new Sampler(nothing, {} as never)],
  ["countParameters: the model", (nothing) => countParameters(nothing)],
  ["initializeParameters: the model", (nothing) => initializeParameters(nothing, createRandom(0))],
  ["trainableDiffusion", (nothing) => trainableDiffusion(nothing)],
  ["samplingParameters: the state", (nothing) => samplingParameters(nothing)],
  ["saveBundle: the target", (nothing) => saveBundle({} as never, nothing)],
  ["selectBackend", (nothing) => selectBackend(nothing)],
])("%s: nothing in its place is refused by name", async (what, call) => {
  for (const nothing of [undefined, null]) {
    expect(await messageOf(() => call(nothing as never))).toMatch(new RegExp(`^${what}: the value is .*expected`));
  }
});
