import { MessageChannel, Worker } from "node:worker_threads";
import { afterAll, describe, expect, it, vi } from "vitest";
import { deviceStandIn } from "../../../testing/device-stand-in.js";
import { testBackend } from "../../../testing/test-backend.js";
import { isDiffusionForcingError } from "../../errors.js";
import { add, mul } from "../../graph/operations.js";
import { trace } from "../../graph/trace.js";
import { referenceBackend } from "../../reference/index.js";
import { type HostTensor, isHostTensor, readTensor, tensor } from "../../tensor/tensor.js";
import type { Backend } from "../contract.js";
import { serveBackend } from "./serve-backend.js";
import { workerBackend } from "./worker-backend.js";

const doubling = () => trace({ x: { dtype: "float32", shape: [2] } }, ({ x }) => ({ y: mul(x, 2) }));

function served(open: (options: unknown) => Promise<Backend>, options?: unknown): Promise<Backend> {
  const { port1, port2 } = new MessageChannel();
  serveBackend(port2, open);
  return workerBackend(port1, options);
}

const codeOf = async (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => (isDiffusionForcingError(error) ? error.code : String(error)),
  );

testBackend("reference behind a message port", () => served(async () => referenceBackend()), {
  describe,
  it,
  afterAll,
});

describe("workerBackend", () => {
  it("hands its options to the other side and has the name and device found there", async () => {
    const seen: unknown[] = [];
    const backend = await served(
      async (options) => {
        seen.push(options);
        return { ...referenceBackend(), device: "there", version: "7" };
      },
      { device: "any" },
    );
    expect(seen).toEqual([{ device: "any" }]);
    expect([backend.name, backend.device, backend.version]).toEqual(["reference", "there", "7"]);
    await backend.dispose();
  });

  it("leaves outputs on the other side until they are read, and frees them there", async () => {
    const { backend: inner, live } = deviceStandIn();
    const backend = await served(async () => inner);
    const executable = await backend.compile(doubling());
    const first = await executable.run({ x: tensor([1, 2]) });
    const second = await executable.run({ x: first.y! });
    expect(isHostTensor(second.y!)).toBe(false);
    expect(Array.from((await readTensor(second.y!)).data)).toEqual([4, 8]);
    expect(live()).toBe(2);
    for (const { y } of [first, second]) if (y !== undefined && !isHostTensor(y)) y.dispose();
    await executable.run({ x: tensor([0, 0]) });
    expect(live()).toBe(1);
    expect(await codeOf(readTensor(first.y!))).toBe("disposed");
    expect(await codeOf(executable.run({ x: first.y! }))).toBe("disposed");
    await backend.dispose();
    expect(live()).toBe(0);
  });

  it("ends the handle of a tensor given away for reuse", async () => {
    const backend = await served(async () => referenceBackend());
    const executable = await backend.compile(doubling());
    const first = await executable.run({ x: tensor([1, 2]) });
    const second = await executable.run({ x: tensor([3, 4]) }, { reuse: first });
    expect(Array.from((await readTensor(second.y!)).data)).toEqual([6, 8]);
    expect(await codeOf(readTensor(first.y!))).toBe("disposed");
    await backend.dispose();
  });

  it("refuses another backend's tensor", async () => {
    const [one, other] = [await served(async () => referenceBackend()), await served(async () => referenceBackend())];
    const executable = await one.compile(doubling());
    const foreign = await (await other.compile(doubling())).run({ x: tensor([1, 2]) });
    expect(await codeOf(executable.run({ x: foreign.y! }))).toBe("invalid-argument");
    await Promise.all([one.dispose(), other.dispose()]);
  });

  it("gives the error of an open that fails", async () => {
    const failing = served(async () => {
      throw new Error("no such device");
    });
    await expect(failing).rejects.toThrow("no such device");
    expect(await codeOf(failing)).toBe("backend-failure");
  });

  it("says whether a few runs will follow", async () => {
    const told: unknown[] = [];
    const inner = referenceBackend();
    const compile: Backend["compile"] = (graph, options) => {
      told.push(options?.brief);
      return inner.compile(graph, options);
    };
    const backend = await served(async () => ({ ...inner, compile }));
    await backend.compile(doubling(), { brief: true });
    await backend.compile(doubling());
    expect(told).toEqual([true, false]);
    await backend.dispose();
  });

  it("sends only a view's own elements", async () => {
    const backend = await served(async () => referenceBackend());
    const executable = await backend.compile(
      trace({ x: { dtype: "float32", shape: [2] }, w: { dtype: "float32", shape: [2] } }, ({ x, w }) => ({
        y: add(x, w),
      })),
      { constants: { w: tensor(new Float32Array(1000).fill(5).subarray(10, 12)) } },
    );
    const { y } = await executable.run({ x: tensor(Float32Array.from([9, 1, 2, 9]).subarray(1, 3)) });
    const read = (await readTensor(y!)) as HostTensor;
    expect(Array.from(read.data)).toEqual([6, 7]);
    expect(read.data.buffer.byteLength).toBe(8);
    await backend.dispose();
  });

  it("rejects what is under way, and all that follows, when the worker ends", async () => {
    const worker = new Worker(
      `require("node:worker_threads").parentPort.on("message", ({ channel, id, kind }) => {
        if (kind === "open") require("node:worker_threads").parentPort.postMessage({ channel, id, response: { name: "mute", device: "cpu" } });
        else process.exit(3);
      });`,
      { eval: true },
    );
    const backend = await workerBackend(worker);
    await expect(backend.compile(doubling())).rejects.toThrow("exited with code 3");
    expect(await codeOf(backend.compile(doubling()))).toBe("backend-failure");
  });

  it("disposes without a complaint what has ended with its worker", async () => {
    const worker = servingWorker();
    const backend = await workerBackend(worker);
    const run = (await backend.compile(doubling())).run({ x: tensor([1, 2]) });
    await worker.terminate();
    expect(await codeOf(run)).toBe("backend-failure");
    await backend.dispose();
    await backend.dispose();
  });

  it("fails at once for a worker that has ended before", async () => {
    const worker = new Worker("", { eval: true });
    await new Promise((resolve) => worker.on("exit", resolve));
    await expect(workerBackend(worker)).rejects.toThrow("The worker that runs the backend is gone: it has ended");
  });

  it("does not wait for ever for a worker that never serves, but as long as it takes for one that opens slowly", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const mute = workerBackend(new MessageChannel().port1).catch(String);
      const slow = served(async () => {
        await new Promise((resolve) => setTimeout(resolve, 100_000));
        return referenceBackend();
      });
      // The worker's sign of life comes by a message.
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      await vi.advanceTimersByTimeAsync(100_000);
      expect(await mute).toContain("it did not call serveBackend within 30 seconds");
      await (await slow).dispose();
    } finally {
      vi.useRealTimers();
    }
  });

  it("hears from the platform's locks that a page's worker was terminated in the middle of a run", async () => {
    let freed = (): void => {};
    const locks = {
      // As a page's worker, which holds its lock, and the page, which gets it when the worker is gone.
      request: async (_name: string, { signal }: { signal?: AbortSignal }, granted: () => Promise<void>) => {
        if (signal !== undefined) {
          await new Promise<void>((resolve) => {
            freed = resolve;
          });
        }
        await granted();
      },
    };
    vi.stubGlobal("navigator", { locks });
    try {
      const never: Backend = { ...referenceBackend(), compile: () => new Promise(() => {}) };
      const backend = await served(async () => never);
      const compiling = backend.compile(doubling());
      await new Promise((resolve) => setTimeout(resolve, 5));
      freed();
      await expect(compiling).rejects.toThrow("it was terminated");
      await backend.dispose();
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

/** A worker that opens, compiles, and never ends a run. */
function servingWorker(): Worker {
  return new Worker(
    `const { parentPort } = require("node:worker_threads");
    parentPort.on("message", ({ channel, id, kind }) => {
      if (kind === "open") parentPort.postMessage({ channel, id, response: { name: "busy", device: "cpu" } });
      if (kind === "compile") parentPort.postMessage({ channel, id, response: { executable: 1 } });
    });`,
    { eval: true },
  );
}
