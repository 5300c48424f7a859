import { type Backend, zeros } from "@diffusion-forcing/core";
import { gather, mul, trace, type Value } from "@diffusion-forcing/core/graph";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RuntimeSession } from "../device/runtime.js";
import { onnxBackend } from "../node/onnx-backend.js";
import { hasLargeResults, runWithoutResults } from "./unread-results.js";

const ROWS = 2 ** 18;
let backend: Backend;
beforeAll(async () => {
  backend = await onnxBackend({ device: "cpu" });
});
afterAll(() => backend.dispose());

const doubled = (size: number) =>
  trace({ x: { dtype: "float32", shape: [size] } as const }, ({ x }) => ({ y: mul(x, 2) }));

describe("hasLargeResults", () => {
  it("is true from a mebibyte on", () => {
    expect(hasLargeResults(doubled(ROWS))).toBe(true);
    expect(hasLargeResults(doubled(ROWS - 1))).toBe(false);
  });
});

describe("a run of large results", () => {
  it("fills the tensors that it is given, each time", async () => {
    const executable = await backend.compile(doubled(ROWS));
    const x = zeros("float32", [ROWS]);
    const spare = zeros("float32", [ROWS]);
    for (const value of [1, 2, 3]) {
      x.data.fill(value);
      const { y } = await executable.run({ x }, { reuse: { y: spare } });
      expect(y).toBe(spare);
      expect(spare.data.every((element) => element === 2 * value)).toBe(true);
    }
  });

  it("still fails where the runtime fails", async () => {
    const types = {
      table: { dtype: "float32", shape: [3, ROWS] },
      at: { dtype: "int32", shape: [1] },
    } as const;
    const graph = trace(types, ({ table, at }) => ({ y: gather(table, mul(at, 2) as Value) }));
    const executable = await backend.compile(graph);
    const at = { dtype: "int32", shape: [1], data: Int32Array.of(2) } as const;
    const failing = executable.run({ table: zeros("float32", [3, ROWS]), at });
    await expect(failing).rejects.toMatchObject({ code: "backend-failure" });
  });
});

describe("runWithoutResults", () => {
  it("takes no other error for the expected one, and is content without any", async () => {
    const session = (run: () => Promise<never>) => ({ run, release: async () => {} }) as unknown as RuntimeSession;
    const broken = session(() => Promise.reject(new Error("out of memory")));
    await expect(runWithoutResults(broken, {}, {})).rejects.toThrow("out of memory");
    await runWithoutResults(
      session(() => Promise.resolve({} as never)),
      {},
      {},
    );
  });
});
