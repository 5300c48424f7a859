import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../errors.js";
import type { Graph } from "../graph/graph.js";
import { add, mul } from "../graph/operations.js";
import { trace } from "../graph/trace.js";
import { referenceBackend } from "../reference/index.js";
import { zeros } from "../tensor/tensor.js";
import { BoundedExecutables } from "./bounded-executables.js";
import type { Backend } from "./contract.js";

const weights = 250_000;
const constants = { weight: zeros("float32", [weights]) };

/** A megabyte of weights for every length; as estimated, two megabytes and a little. */
const graphOf = (length: number) => (): Graph =>
  trace(
    { x: { dtype: "float32", shape: [length] }, weight: { dtype: "float32", shape: [weights] } },
    ({ x, weight }) => ({ y: mul(x, 2), weight }),
  );

/** The reference backend, with what is alive by length; compiling fails for the lengths in `failing`. */
function counting(failing = new Set<number>()): {
  backend: Backend;
  alive: number[];
  compiled: number[];
  most(): number;
} {
  const inner = referenceBackend();
  const alive: number[] = [];
  const compiled: number[] = [];
  let most = 0;
  const compile: Backend["compile"] = async (graph, options) => {
    const length = graph.inputs[0]?.shape[0] as number;
    compiled.push(length);
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (failing.has(length)) throw new Error("out of memory");
    const executable = await inner.compile(graph, options);
    alive.push(length);
    most = Math.max(most, alive.length);
    return {
      run: executable.run,
      dispose: () => {
        if (alive.includes(length)) alive.splice(alive.indexOf(length), 1);
      },
    };
  };
  return { backend: { ...inner, compile }, alive, compiled, most: () => most };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe("BoundedExecutables", () => {
  it("keeps as many as the bound lets it, and gives up the one used longest ago", async () => {
    const { backend, alive, compiled } = counting();
    const executables = new BoundedExecutables(backend, { bytes: 7e6 });
    const use = (length: number) => executables.use(`${length}`, graphOf(length), constants, async () => {});
    for (const length of [1, 2, 3, 1, 4]) await use(length);
    await settled();
    expect(alive).toEqual([1, 3, 4]);
    await use(1);
    expect(compiled).toEqual([1, 2, 3, 4]);
    await use(2);
    await settled();
    expect(alive).toEqual([1, 4, 2]);
  });

  it("goes through 200 lengths with one in memory, where the bound is one copy of the weights", async () => {
    const { backend, alive, most } = counting();
    const executables = new BoundedExecutables(backend, { bytes: 4 * weights });
    for (let length = 1; length <= 200; length++) {
      await executables.use(`${length}`, graphOf(length), constants, async () => {
        await settled();
        expect(alive).toEqual([length]);
      });
    }
    expect(most()).toBe(1);
    await settled();
    expect(executables.size.count).toBeLessThanOrEqual(1);
  });

  it("compiles only when what was given up before is disposed, be it given up a moment ago", async () => {
    const inner = referenceBackend();
    const events: string[] = [];
    const compile: Backend["compile"] = async (graph, options) => {
      const length = graph.inputs[0]?.shape[0] as number;
      events.push(`compile ${length}`);
      const { run } = await inner.compile(graph, options);
      return { run, dispose: () => events.push(`dispose ${length}`) };
    };
    const executables = new BoundedExecutables({ ...inner, compile }, { bytes: 0 });
    for (const length of [1, 2, 3]) (await executables.hold(`${length}`, graphOf(length), constants)).release();
    expect(events).toEqual(["compile 1", "dispose 1", "compile 2", "dispose 2", "compile 3"]);
  });

  it("never gives up what is held, and makes up for it when that is released", async () => {
    const { backend, alive } = counting();
    const executables = new BoundedExecutables(backend, { bytes: 3e6 });
    const held = [
      await executables.hold("1", graphOf(1), constants),
      await executables.hold("2", graphOf(2), constants),
    ];
    await executables.use("3", graphOf(3), constants, async () => {});
    await settled();
    expect(alive).toEqual([1, 2]);
    held[0]?.release();
    held[0]?.release();
    await settled();
    expect(alive).toEqual([2]);
    held[1]?.release();
    await settled();
    expect(alive).toEqual([2]);
  });

  it("shares one compilation among those who ask at the same time, and forgets one that failed", async () => {
    const failing = new Set([1]);
    const { backend, compiled } = counting(failing);
    const executables = new BoundedExecutables(backend, { bytes: 1e9 });
    const ask = () => executables.hold("1", graphOf(1), constants).then(() => "held", String);
    expect(await Promise.all([ask(), ask()])).toEqual(["Error: out of memory", "Error: out of memory"]);
    expect(executables.size).toEqual({ count: 0, bytes: 0 });
    failing.clear();
    expect(await Promise.all([ask(), ask()])).toEqual(["held", "held"]);
    expect(compiled).toEqual([1, 1]);
  });

  it("frees everything when disposed, compilations under way included, and compiles no more", async () => {
    const { backend, alive } = counting();
    const executables = new BoundedExecutables(backend, { bytes: 1e9 });
    await executables.hold("1", graphOf(1), constants);
    const code = (work: Promise<unknown>) =>
      work.then(
        () => "held",
        (error: unknown) => (isDiffusionForcingError(error) ? error.code : String(error)),
      );
    const pending = code(executables.hold("2", graphOf(2), constants));
    await executables.dispose();
    expect(await pending).toBe("disposed");
    expect(alive).toEqual([]);
    expect(await code(executables.hold("1", graphOf(1), constants))).toBe("disposed");
  });

  it("builds a graph only where it compiles one", async () => {
    const executables = new BoundedExecutables(referenceBackend(), { bytes: 1e9 });
    let built = 0;
    const graph = () => {
      built++;
      return trace({ x: { dtype: "float32", shape: [2] } }, ({ x }) => ({ y: add(x, 1) }));
    };
    for (let i = 0; i < 3; i++) (await executables.hold("x", graph)).release();
    expect(built).toBe(1);
  });
});
