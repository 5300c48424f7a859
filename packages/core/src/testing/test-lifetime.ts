import type { Backend } from "../engine/backend/contract.js";
import type { Graph } from "../engine/graph/graph.js";
import * as ops from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { disposeTensor, isHostTensor, readTensor, tensor } from "../engine/tensor/tensor.js";
import { assert, assertClose, assertRejects } from "./assertions.js";
import { readAndDispose } from "./run.js";
import type { Conformance } from "./test-api.js";
import { drawTensor } from "./values.js";

const doubling = (): Graph => trace({ x: { dtype: "float32", shape: [3] } }, ({ x }) => ({ y: ops.mul(x, 2) }));
const negating = (): Graph => trace({ x: { dtype: "float32", shape: [3] } }, ({ x }) => ({ y: ops.neg(x) }));

/** Many runs, failing runs, overlapping calls, disposal, memory. */
export function testLifetime({ options, backend, another }: Conformance): void {
  const { describe, it } = options;
  describe("lifetime", () => {
    it("runs two executables side by side, their calls interleaved", async () => {
      const live = await backend();
      const [double, negate] = await Promise.all([live.compile(doubling()), live.compile(negating())]);
      const runs = Array.from({ length: 8 }, async (_, i) => {
        const x = tensor([i, i + 1, i + 2]);
        const [twice, minus] = await Promise.all([double.run({ x }), negate.run({ x })]);
        await assertClose((await readAndDispose(twice)).y, tensor([2 * i, 2 * i + 2, 2 * i + 4]), 0, `2x of run ${i}`);
        await assertClose((await readAndDispose(minus)).y, tensor([-i, -i - 1, -i - 2]), 0, `-x of run ${i}`);
      });
      await Promise.all(runs);
      double.dispose();
      await assertClose(
        (await readAndDispose(await negate.run({ x: tensor([1, 2, 3]) }))).y,
        tensor([-1, -2, -3]),
        0,
        "-x after the other executable was disposed",
      );
      negate.dispose();
    });

    it("recovers from a failed run, also when others wait behind it", async () => {
      const executable = await (await backend()).compile(doubling());
      const x = tensor([1, 2, 3]);
      const before = executable.run({ x });
      const failing = assertRejects(executable.run({}), ["invalid-argument"], "a run without its input");
      const after = executable.run({ x });
      await failing;
      for (const run of [before, after]) {
        await assertClose((await readAndDispose(await run)).y, tensor([2, 4, 6]), 0, "a run beside a failing one");
      }
      executable.dispose();
    });

    it("survives a computed index outside its table, whether the device reports it or not", async () => {
      const graph = trace(
        { table: { dtype: "float32", shape: [3] }, at: { dtype: "int32", shape: [2] } },
        ({ table, at }) => ({ y: ops.gather(table, ops.mul(at, at)) }),
      );
      const executable = await (await backend()).compile(graph);
      const table = tensor([1, 2, 3]);
      const outside = executable.run({ table, at: tensor(Int32Array.of(0, 3)) });
      const reported = await outside.then(
        async (outputs) => {
          await readAndDispose(outputs);
          return false;
        },
        () => true,
      );
      if (reported) await assertRejects(outside, ["invalid-argument", "backend-failure"], "the index outside");
      const inside = await executable.run({ table, at: tensor(Int32Array.of(1, 0)) });
      await assertClose((await readAndDispose(inside)).y, tensor([2, 1]), 0, "the next run");
      executable.dispose();
    });

    it("disposes an executable, twice without harm, and refuses to run it afterwards", async () => {
      const executable = await (await backend()).compile(doubling());
      executable.dispose();
      executable.dispose();
      await assertRejects(executable.run({ x: tensor([1, 2, 3]) }), ["disposed"], "a run after dispose");
    });

    it("disposes the backend, twice without harm, and refuses to compile afterwards", async () => {
      const other = await another();
      await other.dispose();
      await other.dispose();
      await assertRejects(other.compile(doubling()), ["disposed"], "compile after dispose");
    });

    it("ends what is under way when its executable is disposed, by its result or by saying so", async () => {
      const live = await backend();
      const executable = await live.compile(doubling());
      const under = [1, 2, 3].map((i) => executable.run({ x: tensor([i, i, i]) }));
      executable.dispose();
      for (const [i, run] of under.entries()) {
        const outputs = await resultOrDisposed(run, `run ${i} of a disposed executable`);
        const expected = tensor([2 * i + 2, 2 * i + 2, 2 * i + 2]);
        if (outputs !== undefined) await assertClose((await readAndDispose(outputs)).y, expected, 0, `2x of run ${i}`);
      }
      const next = await live.compile(negating());
      const { y } = await readAndDispose(await next.run({ x: tensor([1, 2, 3]) }));
      await assertClose(y, tensor([-1, -2, -3]), 0, "-x after the other executable was disposed in mid-run");
      next.dispose();
    });

    it("ends what is under way when the backend is disposed: compiling, running and reading", async () => {
      const other = await another();
      const executable = await other.compile(doubling());
      const { y } = await executable.run({ x: tensor([1, 2, 3]) });
      assert(y !== undefined, "There is no output y.");
      const compiling = other.compile(negating());
      const running = executable.run({ x: tensor([1, 2, 3]) });
      const reading = readTensor(y);
      await Promise.all([
        other.dispose(),
        resultOrDisposed(compiling, "a compile that the backend's disposal met"),
        resultOrDisposed(running, "a run that the backend's disposal met"),
        resultOrDisposed(reading, "a read that the backend's disposal met"),
      ]);
      disposeTensor(y);
      executable.dispose();
      await assertRejects(executable.run({ x: tensor([1, 2, 3]) }), ["disposed"], "a run after the backend's disposal");
    });

    it("keeps a device tensor until it is disposed, and says so afterwards", async () => {
      const executable = await (await backend()).compile(doubling());
      const { y } = await executable.run({ x: tensor([1, 2, 3]) });
      await executable.run({ x: tensor([5, 5, 5]) }).then(readAndDispose);
      await assertClose(y, tensor([2, 4, 6]), 0, "an output after another run");
      assert(y !== undefined, "There is no output y.");
      disposeTensor(y);
      disposeTensor(y);
      if (!isHostTensor(y)) {
        await assertRejects(y.read(), ["disposed"], "reading a disposed tensor");
        await assertRejects(executable.run({ x: y }), ["disposed"], "running on a disposed tensor");
      }
      executable.dispose();
    });

    testMemory(options, backend);
    testConstants(options, backend);
  });
}

/** What the promise gives, or undefined if it is rejected with `disposed`; any other error is an error. */
async function resultOrDisposed<T>(promise: Promise<T>, what: string): Promise<T | undefined> {
  try {
    return await promise;
  } catch {
    await assertRejects(promise, ["disposed"], what);
    return undefined;
  }
}

const side = 256;
const runs = 300;

function testMemory({ it, residentBytes }: Conformance["options"], backend: () => Promise<Backend>): void {
  it(`runs ${runs} times ${measured(residentBytes)}`, async () => {
    const graph = trace({ x: { dtype: "float32", shape: [side, side] } }, ({ x }) => ({ y: ops.add(x, 1) }));
    const x = drawTensor({ dtype: "float32", shape: [side, side], low: -1, high: 1 }, 1);
    const expected = evaluateGraph(graph, { x });
    const executable = await (await backend()).compile(graph);
    const repeat = async (times: number): Promise<void> => {
      for (let i = 1; i <= times; i++) {
        const outputs = await executable.run({ x });
        // Reading waits for the device: work that queues up there holds memory which is no leak.
        if (i % 20 === 0) await readAndDispose(outputs);
        else Object.values(outputs).forEach(disposeTensor);
      }
    };
    await repeat(runs / 3);
    // A run that leaked its output, 256 KiB, would leave four times as much behind.
    await assertKept((runs * side * side * 4) / 4, `${runs} runs`, () => repeat(runs), residentBytes);
    await assertClose((await readAndDispose(await executable.run({ x }))).y, expected.y!, 1e-6, "y after all runs");
    executable.dispose();
  }, 120_000);
}

const constantSide = 1024;
const compilations = 20;

/** Lengths without end are executables without end, each with the weights: they must go with it. */
function testConstants({ it, residentBytes }: Conformance["options"], backend: () => Promise<Backend>): void {
  it(`frees the constants of ${compilations} executables ${measured(residentBytes)}`, async () => {
    const live = await backend();
    const types = {
      x: { dtype: "float32", shape: [2, constantSide] },
      w: { dtype: "float32", shape: [constantSide, constantSide] },
    } as const;
    const graph = trace(types, ({ x, w }) => ({ y: ops.matmul(x, w) }));
    const x = drawTensor({ ...types.x, low: -1, high: 1 }, 1);
    const w = drawTensor({ ...types.w, low: -1, high: 1 }, 2);
    const expected = evaluateGraph(graph, { x, w });
    const compileEach = async (): Promise<void> => {
      for (let i = 0; i < compilations; i++) {
        const executable = await live.compile(graph, { constants: { w } });
        const { y } = await readAndDispose(await executable.run({ x }));
        if (i === 0) await assertClose(y, expected.y!, 1e-4, "y");
        executable.dispose();
      }
    };
    await compileEach();
    const limit = (compilations * constantSide * constantSide * 4) / 4;
    await assertKept(limit, `${compilations} executables that were disposed`, compileEach, residentBytes);
  }, 120_000);
}

const measured = (residentBytes: Conformance["options"]["residentBytes"]): string =>
  residentBytes === undefined ? "(memory NOT MEASURED: pass residentBytes)" : "without growing";

/** Pools of a driver or an allocator, which fill once, get three times to do it; a leak leaves as much every time. */
async function assertKept(
  limit: number,
  what: string,
  work: () => Promise<void>,
  residentBytes: Conformance["options"]["residentBytes"],
): Promise<void> {
  let grown = Infinity;
  for (let times = 0; times < 3 && grown >= limit; times++) {
    const before = (await residentBytes?.()) ?? 0;
    await work();
    grown = ((await residentBytes?.()) ?? 0) - before;
  }
  assert(grown < limit, `${what} left ${grown} bytes behind, three times; expected less than ${limit}.`);
}
