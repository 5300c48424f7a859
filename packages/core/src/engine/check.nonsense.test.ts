import { expect, it } from "vitest";
import { parseJson } from "../bundle/json.js";
import { directoryStore } from "../bundle/sources/directory.js";
import { filesStore } from "../bundle/sources/source.js";
import { chainCodecs } from "../codecs/chain.js";
import { normalizationCodec } from "../codecs/normalization.js";
import { evidenceLowerBound } from "../likelihood/evidence-lower-bound.js";
import { withDataRange } from "../models/data-range.js";
import { initializeParameters } from "../models/parameters.js";
import { sinusoidTable } from "../models/sinusoid.js";
import { transformer } from "../models/transformer/index.js";
import { folderStore } from "../node/folder-store.js";
import { linearSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { failure } from "../testing/fixtures/failure.js";
import { learningRateFactor } from "../training/learning-rate.js";
import { metricsCsvLine, metricsJsonLine } from "../training/metrics.js";
import { completeAdamW, emaRate } from "../training/optimizer.js";
import { truncatedTraining } from "../training/truncated.js";
import type { Backend } from "./backend/contract.js";
import { cachedBackend, probeBackend, serveBackend, workerBackend } from "./backend/index.js";
import { bakeConstants, buildGraph, hashGraph, input, optimize, printGraph, trace } from "./graph/index.js";
import { referenceBackend } from "./reference/backend.js";
import { evaluateGraph } from "./reference/evaluate.js";
import { tensor } from "./tensor/tensor.js";

const scalar = { dtype: "float32", shape: [] } as const;
const graph = trace({ x: scalar }, ({ x }) => ({ y: x }));
const model = transformer({ features: 1, width: 8, layers: 1, heads: 1 });
const process = variancePreserving(linearSchedule(25));
const diffusion = { model, process, lossWeighting: process.lossWeighting };
const codec = normalizationCodec({ mean: [0], std: [1] });
const backend = referenceBackend();

/** Each given nothing in place of what it works on, and a number, or `also`. */
const functions: readonly (readonly [string, (nothing: never) => unknown, also?: readonly unknown[]])[] = [
  ["printGraph", printGraph],
  ["hashGraph", hashGraph],
  ["optimize", optimize],
  ["bakeConstants: the graph", (nothing) => bakeConstants(nothing, {})],
  ["bakeConstants: the constants", (nothing) => bakeConstants(graph, nothing)],
  ["evaluateGraph", (nothing) => evaluateGraph(nothing, {})],
  ["A graph's outputs", (nothing) => buildGraph([input("x", scalar)], nothing)],
  ["A graph's outputs", (nothing) => trace({ x: scalar }, () => nothing)],
  ["trace: the inputs", (nothing) => trace(nothing, () => ({}))],
  ['trace: input "x"', (nothing) => trace({ x: nothing }, () => ({}))],
  ["trace: what to trace", (nothing) => trace({ x: scalar }, nothing)],
  ["compile: the graph", (nothing) => backend.compile(nothing), [{}]],
  ["compile: the graph", (nothing) => cachedBackend(backend).compile(nothing), [{}]],
  ["run: what is fed", async (nothing) => (await backend.compile(graph)).run(nothing)],
  ["probeBackend", probeBackend, [{}, { compile: 5 }]],
  ["cachedBackend", cachedBackend, [{}, { compile: 5 }]],
  ["workerBackend", (nothing) => workerBackend(nothing), [{}]],
  ["serveBackend", (nothing) => serveBackend(nothing, async () => backend), [{}]],
  ["serveBackend: what opens", (nothing) => serveBackend({ postMessage: () => {} }, nothing), [{}]],
  ["initializeParameters: the random", (nothing) => initializeParameters(model, nothing), [{}]],
  ["withDataRange: the weights", (nothing) => withDataRange(nothing, undefined)],
  ["parseJson: the file", (nothing) => parseJson("a.json", nothing), ["{}", new ArrayBuffer(2)]],
  ["directoryStore", directoryStore, [{}]],
  ["filesStore", filesStore],
  ["folderStore", folderStore, [""]],
  ["metricsCsvLine", metricsCsvLine, [{}]],
  ["metricsJsonLine", metricsJsonLine, [{}]],
  ["normalizationCodec", (nothing) => codec.encode(nothing), [{}]],
  ["normalizationCodec", (nothing) => codec.decode(nothing), [{}]],
  ["normalizationCodec: the frames", (nothing) => codec.normalize(nothing), [[1]]],
  ["sinusoidTable: width", (nothing) => sinusoidTable(0, 1, nothing), [Number.NaN, 2, 5]],
  ["sinusoidTable: count", (nothing) => sinusoidTable(0, nothing, 4), [Number.NaN, 0.5]],
  ["emaRate: the decay", (nothing) => emaRate(nothing, 1), [Number.NaN, 1]],
  ["emaRate: the step", (nothing) => emaRate(0.9, nothing), [Number.NaN, 0]],
  ["learningRateFactor: step", (nothing) => learningRateFactor({ kind: "cosine" }, nothing, 3), [Number.NaN]],
  ["learningRateFactor: steps", (nothing) => learningRateFactor({ kind: "cosine" }, 1, nothing), [Number.NaN]],
  ["train: learningRate", (nothing) => learningRateFactor(nothing, 1, 3)],
];

for (const [what, call, also = [5]] of functions) {
  it.each([undefined, null, ...also])(`${what}: %o is refused by name`, async (nonsense) => {
    const message = await failure(() => call(nonsense as never));
    expect(message.startsWith(`invalid-argument: ${what}`), message).toBe(true);
    expect(message).toContain("expected");
  });
}

it.each<[string, () => unknown, RegExp]>([
  ["no codecs", () => chainCodecs([5] as never), /^invalid-config: chainCodecs: 0 is 5; expected a codec\./],
  ["nor null", () => chainCodecs([null] as never), /^invalid-config: chainCodecs: 0 is null; expected a codec\./],
  ["no list", () => chainCodecs(undefined as never), /^invalid-config: .*expected a list of 1 to 16 codecs\./],
  ["no range", () => withDataRange({}, null as never), /^invalid-argument: withDataRange: the range/],
  ["no limits", () => parseJson("a", new Uint8Array(2), null as never), /^invalid-argument: parseJson/],
  [
    "a rate of NaN",
    () => completeAdamW({ learningRate: Number.NaN }),
    /^invalid-argument: completeAdamW: learningRate/,
  ],
  ["betas of 2", () => completeAdamW({ betas: [2, 0.5] }), /^invalid-argument: completeAdamW: betas.0 is 2/],
  [
    "a backend that cannot compile",
    () => evidenceLowerBound(diffusion, { backend: { compile: 5 } as unknown as Backend } as never),
    /^invalid-argument: evidenceLowerBound: backend is an object with compile; expected a backend\./,
  ],
])("%s", async (_, call, message) => {
  expect(await failure(call)).toMatch(message);
});

it.each([5, { reuse: 5 }, { reuse: { y: 5 } }, { surprise: 1 }, null])(
  "run refuses the options %o",
  async (options) => {
    const executable = await backend.compile(graph);
    expect(await failure(() => executable.run({ x: tensor([1], []) }, options as never))).toMatch(
      /^invalid-argument: run/,
    );
  },
);

it("more levels than a call has room for arguments are read", () => {
  const level = new Array<number>(200_000).fill(3);
  expect(truncatedTraining({ diffusion, level, discriminator: model }).config).toMatchObject({ kind: "truncated" });
});
