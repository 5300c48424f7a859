/** Options of functions that make backends, files, worlds and pictures. */

import { toOnnx } from "@diffusion-forcing/backend-onnx";
import { createRandom, referenceBackend, selectBackend, tensor } from "@diffusion-forcing/core";
import { decodeSafetensors, encodeSafetensors, urlSource } from "@diffusion-forcing/core/bundle";
import { add, evaluateGraph, gradient, matmul, sum, trace } from "@diffusion-forcing/core/graph";
import { hubSource } from "@diffusion-forcing/core/hub";
import { crosses } from "@diffusion-forcing/tasks/composition";
import { createMazeEnvironment, mazes, plannerPolicy, reachGoal } from "@diffusion-forcing/tasks/maze2d";
import { pianoRoll, writeMidi } from "@diffusion-forcing/tasks/music";
import { videoAnimation, videoStrip } from "@diffusion-forcing/tasks/pictures";
import { withDoubt } from "@diffusion-forcing/tasks/series";
import { type Target, valueTarget } from "../target.js";
import { type Anything, foreign } from "./subjects.js";

const square = { dtype: "float32", shape: [2, 2] } as const;
const graph = trace({ x: square, w: square }, ({ x, w }) => ({ y: add(x, w) }));
const numbers = tensor([1, 2, 3, 4], [2, 2]);
const file = encodeSafetensors({ w: { dtype: "U8", shape: [4], data: new Uint8Array(4) } });
const song = { pitches: new Int8Array(4 * 16).fill(60), length: 16 };
const videos = tensor(new Float32Array(8), [1, 2, 1, 2, 2]);
const table = { columns: ["a", "b"], values: Float64Array.of(1, 2, 3, 4) };
const provider = { name: "reference", devices: ["cpu"], open: async () => referenceBackend() };
const driving = { replanEvery: 5, tolerance: 0.3, patience: 2, once: true };

const of = (name: string, legal: readonly object[], call: (options: Anything) => unknown): Target =>
  valueTarget(name, legal, call, foreign);

export const worlds: readonly Target[] = [
  of("compile", [{ constants: { w: numbers }, brief: true }], (options) => referenceBackend().compile(graph, options)),
  of("toOnnx", [{ constants: { w: numbers }, portable: false, name: "a", metadata: { b: "c" } }], (options) =>
    toOnnx(graph, options),
  ),
  of("evaluateGraph", [{ precision: "float64" }], (options) =>
    evaluateGraph(graph, { x: numbers, w: numbers }, options),
  ),
  of("gradient", [{ rematerialize: true }], (options) =>
    trace({ x: square }, ({ x }) => ({ y: gradient(sum(x), [x], options)[0] as Anything })),
  ),
  of("matmul", [{ transposeA: true, transposeB: false }], (options) =>
    trace({ x: square }, ({ x }) => ({ y: matmul(x, x, options) })),
  ),
  of("selectBackend", [{ from: [provider], prefer: ["cpu"], probe: false }], (options) => selectBackend(options)),
  of("decodeSafetensors", [{ maxHeaderBytes: 1000 }], (options) => decodeSafetensors(file, options)),
  of("urlSource", [{ headers: { a: "b" } }], (options) => urlSource("https://a", options)),
  of("hubSource", [{ revision: "main", accessToken: "a" }], (options) => hubSource("a/b", options)),
  of("crosses", [{ batch: 2, length: 4 }], (options) => {
    // How much is made is the caller's to say.
    const few = (size: unknown): unknown => (typeof size === "number" && size > 8 ? 8 : size);
    const isRecord = typeof options === "object" && options !== null && !Array.isArray(options);
    const bounded = isRecord ? { ...options, batch: few(options.batch), length: few(options.length) } : options;
    return crosses(bounded, createRandom(0));
  }),
  of(
    "reachGoal",
    [{ guidanceScale: 1, frameStack: 2, observationFeatures: 4, actionFeatures: 2, weights: "aliased", horizon: 3 }],
    reachGoal,
  ),
  of("createMazeEnvironment", [{ multiTask: true, start: [1, 1], goal: [3, 3] }], (options) =>
    createMazeEnvironment(mazes.umaze, options),
  ),
  of("plannerPolicy", [driving], (options) => plannerPolicy({} as Anything, options)),
  of("writeMidi", [{ tempo: 90 }], (options) => writeMidi(song, options)),
  of("pianoRoll", [{ filled: [1, 2], titles: ["a"] }], (options) => pianoRoll([song], options)),
  of("videoStrip", [{ context: 1, range: [0, 1], scale: 2, labels: ["a"], numbers: [7, 8] }], (options) =>
    videoStrip(videos, options),
  ),
  of("videoAnimation", [{ context: 1, range: [0, 1], scale: 2, labels: ["a"], framesPerSecond: 3 }], (options) =>
    videoAnimation(videos, options),
  ),
  of("withDoubt", [{ columns: { a: 1 }, rows: { 1: 2 } }], (options) => withDoubt(table, options)),
];
