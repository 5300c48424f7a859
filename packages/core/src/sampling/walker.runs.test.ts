import { describe, expect, it } from "vitest";
import type { Backend } from "../engine/backend/contract.js";
import { buildGraph } from "../engine/graph/graph.js";
import { add, mul, sum } from "../engine/graph/operations.js";
import { input } from "../engine/graph/trace.js";
import type { Value } from "../engine/graph/value.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { disposeTensor, readTensor, type Tensor, tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { deviceStandIn } from "../testing/device-stand-in.js";
import { failure } from "../testing/fixtures/failure.js";
import { smallPath } from "../testing/small-path.js";
import { vanillaHistoryGuidance } from "./guidance/score-combination.js";
import { recordedNoise } from "./noise-source.js";
import { ancestral } from "./solvers/ancestral.js";
import { ddim } from "./solvers/ddim.js";
import { heun } from "./solvers/heun.js";
import type { Solver } from "./solvers/solver.js";
import type { WalkOptions } from "./walk-inputs.js";
import type { WalkRequest } from "./walk-request.js";
import { Walker } from "./walker.js";

const process = smallPath();
/** Answers w times what it sees; remembers the sum of its tokens. */
const model: Model = {
  config: { kind: "scaling" },
  tokenShape: [1],
  conditionFeatures: 0,
  parameters: { w: { shape: [1], initializer: { kind: "ones" } } },
  apply: ({ w }, { tokens }) => mul(tokens, w!),
  memory: {
    types: ({ batch }) => ({ sum: { dtype: "float32", shape: [batch, 1] } }),
    initial: ({ w }) => ({ sum: w! }),
    advance: ({ w }, memory, { tokens }) => ({
      output: mul(tokens, w!),
      memory: { sum: add(memory.sum!, sum(tokens, 1)) },
    }),
  },
};
const diffusion = { model, process, lossWeighting: process.lossWeighting };

type Run = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>>;
/** A walker of levels 0..3, and what each of its runs took, weights apart. */
function noting(options: Partial<WalkOptions> = {}, inner: Backend = referenceBackend()) {
  const runs: Run[] = [];
  const compile: Backend["compile"] = async (graph, compiling) => {
    const executable = await inner.compile(graph, compiling);
    const run: typeof executable.run = async (inputs, running) => {
      const read = Object.entries(inputs).map(async ([name, value]) => {
        const { shape, data } = await readTensor(value);
        return [name, { shape, data: Array.from(data) }] as const;
      });
      runs.push(Object.fromEntries(await Promise.all(read)));
      return executable.run(inputs, running);
    };
    return { run, dispose: () => executable.dispose() };
  };
  const all = { solver: ddim(), stabilizationLevel: 0, ...options };
  const walker = new Walker(diffusion, all, Int32Array.of(0, 1, 2, 3), { ...inner, compile }, { w: tensor([0.5]) });
  return { walker, runs };
}
/** A step's draws are its number, its futures ten more, each draw after the first a half more. */
const random = recordedNoise(([step, kind, draw]) => {
  if (step === "history") return [0.25, 0.75];
  return new Array<number>(2).fill(Number(step) + (kind === "futures" ? 10 : 0) + Number(draw) / 2);
});
/** Two sequences of one token. */
const request = (rows: number[][], more: Partial<WalkRequest> = {}): WalkRequest => ({
  tokens: tensor([8, -8], [2, 1, 1]),
  rows,
  random,
  ...more,
});
const sums = { sum: { dtype: "float32", shape: [2, 1] } } as const;
async function walked(walker: Walker, given: WalkRequest) {
  const seen: { step: number; taken: number; calls: number; x: number[]; memory?: number[] }[] = [];
  for await (const { x, memory, ...counts } of walker.walk(given)) {
    const read = async (value: Tensor) => Array.from((await readTensor(value)).data);
    seen.push({ ...counts, x: await read(x), ...(memory?.sum && { memory: await read(memory.sum) }) });
    memory?.sum && disposeTensor(memory.sum);
  }
  return seen;
}

describe("the runs of a walk", () => {
  it("take the levels of rows that move, several at once, and the draws of each by its own number", async () => {
    const guidance = { samples: 2, reward: (clean: Value) => sum(clean, [1, 2]) };
    const { walker, runs } = noting({ solver: ddim({ eta: 1 }), guidance });
    await walked(walker, request([[3], [3], [2], [1], [1], [0]], { unroll: 2 }));
    const shape = [2, 1, 1];
    expect(runs.map(({ levels }) => levels)).toEqual([
      { shape: [3, 2, 1], data: [3, 3, 2, 2, 1, 1] },
      { shape: [2, 2, 1], data: [1, 1, 0, 0] },
    ]);
    expect(runs.map(({ noise }) => noise)).toEqual([
      { shape: [2, ...shape], data: [2, 2, 3, 3] },
      { shape: [1, ...shape], data: [5, 5] },
    ]);
    expect(runs.map(({ futureNoise }) => futureNoise)).toEqual([
      { shape: [4, ...shape], data: [12, 12, 12.5, 12.5, 13, 13, 13.5, 13.5] },
      { shape: [2, ...shape], data: [15, 15, 15.5, 15.5] },
    ]);
  });

  it("take the noise that hides a history as it is given, or draw it once for all", async () => {
    const { walker, runs } = noting({ scores: vanillaHistoryGuidance({ scale: 2 }) });
    const rows = [[3], [1], [0]];
    await walked(walker, request(rows));
    await walked(walker, request(rows, { historyNoise: tensor([7, 8], [2, 1, 1]) }));
    const numbers = runs.map(({ historyNoise }) => historyNoise?.data);
    expect(numbers).toEqual([
      [0.25, 0.75],
      [0.25, 0.75],
      [7, 8],
      [7, 8],
    ]);
  });

  it("report the row they reached, the last row at the end, and as many calls as the solver makes", async () => {
    const { walker } = noting({ solver: heun() });
    const seen = await walked(walker, request([[3], [2], [2], [1], [1]]));
    expect(seen.map(({ step, taken, calls }) => [step, taken, calls])).toEqual([
      [1, 1, 2],
      [4, 2, 4],
    ]);
  });

  it("are none where nothing moves, and the tokens stay", async () => {
    const { walker, runs } = noting();
    const stay = { taken: 0, calls: 0, x: [8, -8] };
    expect(await walked(walker, request([[3], [3], [3]]))).toEqual([{ step: 2, ...stay }]);
    expect(await walked(walker, request([[3]]))).toEqual([{ step: 0, ...stay }]);
    expect(runs).toEqual([]);
  });

  it("hand on what the solver remembers, zeros at first", async () => {
    const counting: Solver = {
      config: { kind: "counting" },
      draws: 0,
      evaluations: 0,
      needsPath: false,
      memory: ({ shape }) => ({ count: { dtype: "float32", shape } }),
      step: ({ x, memory }) => ({ x, memory: { count: add(memory.count!, 1) } }),
    };
    const { backend, live } = deviceStandIn();
    const { walker, runs } = noting({ solver: counting }, backend);
    const memory = { types: sums, values: { sum: tensor([0, 0], [2, 1]) } };
    await walked(walker, request([[3], [2], [1], [0]]));
    expect(runs.map((run) => run["solver/count"]?.data)).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
    // Nothing of it where tokens are only read.
    await walked(walker, request([], { memory, commit: true }));
    expect(Object.keys(runs[3] ?? {})).toEqual(["memory/sum", "x"]);
    expect(live()).toBe(0);
  });

  it("read the clean tokens into the memory in the last run only, or in one of their own where nothing moves", async () => {
    const { backend, live } = deviceStandIn();
    const { walker, runs } = noting({ solver: ddim({ eta: 1 }) }, backend);
    const values = { sum: tensor([100, 200], [2, 1]) };
    const reading = { memory: { types: sums, values }, commit: true };
    const [first, second] = await walked(walker, request([[3], [2], [0]], reading));
    expect([first?.step, first?.memory, second?.step]).toEqual([1, undefined, 2]);
    expect(second?.memory).toEqual([100 + second!.x[0]!, 200 + second!.x[1]!].map((sum) => expect.closeTo(sum, 4)));
    const names = ["levels", "noise", "memory/sum", "x"];
    expect(runs.map((run) => Object.keys(run))).toEqual([names, names]);
    expect(await walked(walker, request([], reading))).toEqual([
      { step: 0, taken: 0, calls: 0, x: [8, -8], memory: [108, 192] },
    ]);
    expect(Object.keys(runs[2] ?? {})).toEqual(["memory/sum", "x"]);
    // Without a commit the memory is read and stays the caller's.
    const plain = await walked(walker, request([[3], [0]], { memory: { types: sums, values } }));
    expect(plain).toMatchObject([{ step: 1, taken: 1 }]);
    expect(plain[0]).not.toHaveProperty("memory");
    expect(live()).toBe(0);
  });

  it("are compiled apart for memories of other shapes", async () => {
    const { walker } = noting();
    const read = async (width: number) => {
      const types = { sum: { dtype: "float32", shape: [2, width] } } as const;
      const values = { sum: tensor(new Float32Array(2 * width), [2, width]) };
      return (await walked(walker, request([], { memory: { types, values }, commit: true })))[0]?.memory;
    };
    expect(await read(1)).toEqual([8, -8]);
    expect(await read(2)).toEqual([8, 8, -8, -8]);
  });

  it("are no more once the walker was disposed, and say so", async () => {
    const { walker } = noting();
    await walked(walker, request([[3], [0]]));
    await walker.dispose();
    expect(await failure(() => walked(walker, request([[3], [0]])))).toBe(
      "disposed: This sampler has been disposed. Make another.",
    );
  });

  it("evaluate a graph of the weights alone, and free it", async () => {
    const { backend, open } = deviceStandIn();
    const { walker } = noting({}, backend);
    const w = input("parameters/w", { dtype: "float32", shape: [1] });
    const { twice } = await walker.evaluate(buildGraph([w], { twice: mul(w, 2) }));
    expect(Array.from((await readTensor(twice!)).data)).toEqual([1]);
    expect(open()).toBe(0);
  });

  it("that are drafted end with one report of the last row, which hands out the memory", async () => {
    const { backend, live } = deviceStandIn();
    const options = { solver: ancestral(), stabilizationLevel: 0 };
    const parameters = { w: tensor([0.5]) };
    const walker = new Walker(diffusion, options, Int32Array.of(0, 1, 2, 3), backend, parameters, {
      draft: "recent",
      length: 1,
    });
    const rows = [[3], [2], [2], [1], [0]];
    const random = createRandom(1);
    const seen = await walked(walker, request(rows, { random }));
    expect(seen.map(({ step }) => step)).toEqual([1, 3, 4]);
    expect(seen.map(({ calls }) => calls)).toEqual([2, 3, 4]);
    expect(seen[2]?.taken).toBe(4);
    const memory = { types: sums, values: { sum: tensor([100, 200], [2, 1]) } };
    const committed = await walked(walker, request(rows, { random, memory, commit: true }));
    expect(committed.map(({ step, memory }) => [step, memory?.length])).toEqual([
      [1, undefined],
      [3, undefined],
      [4, 2],
    ]);
    const [a, b] = committed[2]!.x as [number, number];
    expect(committed[2]?.memory).toEqual([expect.closeTo(100 + a, 4), expect.closeTo(200 + b, 4)]);
    // Where nothing moves, nothing is drafted.
    const counts = { taken: 0, calls: 0, x: [8, -8] };
    expect(await walked(walker, request([[3], [3]]))).toEqual([{ step: 1, ...counts }]);
    expect(await walked(walker, request([[3]]))).toEqual([{ step: 0, ...counts }]);
    expect(await walked(walker, request([], { memory, commit: true }))).toEqual([
      { step: 0, ...counts, memory: [108, 192] },
    ]);
    expect(live()).toBe(0);
  });
});
