import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../errors.js";
import type { Graph } from "../graph/graph.js";
import { add, mul } from "../graph/operations.js";
import { trace } from "../graph/trace.js";
import { referenceBackend } from "../reference/index.js";
import { type HostTensor, tensor } from "../tensor/tensor.js";
import { cachedBackend } from "./compile-cache.js";
import type { Backend } from "./contract.js";

const scaled = (factor: number): Graph =>
  trace({ x: { dtype: "float32", shape: [2] }, weight: { dtype: "float32", shape: [2] } }, ({ x, weight }) => ({
    y: add(mul(x, factor), weight),
  }));

/** The reference backend, with counts of what it compiled and disposed; the first `failures` compiles fail. */
function countingBackend(failures = 0): {
  backend: Backend;
  counts: { compiled: number; disposed: number; closed: number };
} {
  const inner = referenceBackend();
  const counts = { compiled: 0, disposed: 0, closed: 0 };
  const backend: Backend = {
    ...inner,
    compile: async (graph, options) => {
      counts.compiled++;
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (counts.compiled <= failures) throw new Error("out of memory");
      const executable = await inner.compile(graph, options);
      let disposed = false;
      return {
        run: executable.run,
        dispose: () => {
          if (!disposed) counts.disposed++;
          disposed = true;
          executable.dispose();
        },
      };
    },
    dispose: async () => {
      counts.closed++;
      await inner.dispose();
    },
  };
  return { backend, counts };
}

const inputs = { x: tensor([1, 2]), weight: tensor([10, 20]) };
const codeOf = async (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => (isDiffusionForcingError(error) ? error.code : String(error)),
  );

describe("cachedBackend", () => {
  it("keeps what is compiled for a few runs apart", async () => {
    const { backend, counts } = countingBackend();
    const cached = cachedBackend(backend);
    for (const brief of [false, true, undefined, true])
      await cached.compile(scaled(3), { ...(brief === undefined ? {} : { brief }) });
    expect(counts.compiled).toBe(2);
    await cached.dispose();
  });

  it("compiles equal graphs once and frees the executable with its last user", async () => {
    const { backend, counts } = countingBackend();
    const cached = cachedBackend(backend);
    const first = await cached.compile(scaled(3));
    const second = await cached.compile(scaled(3));
    expect(counts.compiled).toBe(1);
    first.dispose();
    first.dispose();
    expect(counts.disposed).toBe(0);
    expect(await codeOf(first.run(inputs))).toBe("disposed");
    expect(Array.from(((await second.run(inputs)).y as HostTensor).data)).toEqual([13, 26]);
    second.dispose();
    expect(counts.disposed).toBe(1);
    await cached.compile(scaled(3));
    expect(counts.compiled).toBe(2);
  });

  it("compiles different graphs and different constants apart", async () => {
    const { backend, counts } = countingBackend();
    const cached = cachedBackend(backend);
    await cached.compile(scaled(3));
    await cached.compile(scaled(4));
    const a = await cached.compile(scaled(3), { constants: { weight: tensor([10, 20]) } });
    const b = await cached.compile(scaled(3), { constants: { weight: tensor([10, 30]) } });
    await cached.compile(scaled(3), { constants: { weight: tensor([10, 30]) } });
    expect(counts.compiled).toBe(4);
    const x = tensor([1, 2]);
    expect(Array.from(((await a.run({ x })).y as HostTensor).data)).toEqual([13, 26]);
    expect(Array.from(((await b.run({ x })).y as HostTensor).data)).toEqual([13, 36]);
  });

  it("lets concurrent compiles share one", async () => {
    const { backend, counts } = countingBackend();
    const cached = cachedBackend(backend);
    const [first, second] = await Promise.all([cached.compile(scaled(3)), cached.compile(scaled(3))]);
    expect(counts.compiled).toBe(1);
    first.dispose();
    expect(counts.disposed).toBe(0);
    second.dispose();
    expect(counts.disposed).toBe(1);
  });

  it("forgets a failed compile, which all who waited for it see fail", async () => {
    const { backend, counts } = countingBackend(1);
    const cached = cachedBackend(backend);
    const both = await Promise.all([codeOf(cached.compile(scaled(3))), codeOf(cached.compile(scaled(3)))]);
    expect(both).toEqual(["Error: out of memory", "Error: out of memory"]);
    await cached.compile(scaled(3));
    expect(counts.compiled).toBe(2);
  });

  it("refuses constants that are no inputs of the graph", async () => {
    const cached = cachedBackend(referenceBackend());
    expect(await codeOf(cached.compile(scaled(3), { constants: { wieght: tensor([1, 2]) } }))).toBe("invalid-argument");
  });

  it("frees everything when disposed, compilations under way included", async () => {
    const { backend, counts } = countingBackend();
    const cached = cachedBackend(backend);
    const executable = await cached.compile(scaled(3));
    const pending = cached.compile(scaled(4));
    await cached.dispose();
    expect(counts).toEqual({ compiled: 2, disposed: 2, closed: 1 });
    expect(await codeOf(executable.run(inputs))).toBe("disposed");
    expect(await codeOf((await pending).run(inputs))).toBe("disposed");
    expect(await codeOf(cached.compile(scaled(3)))).toBe("disposed");
  });
});
