import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HostTensor, tensor } from "@diffusion-forcing/core";
import { add, matmul, trace } from "@diffusion-forcing/core/graph";
import { afterAll, describe, expect, it } from "vitest";
import type { SessionOptions } from "../device/runtime.js";
import type { HandOver } from "../device/weights-apart.js";
import { OnnxBackend } from "../run/backend.js";
import { loadRuntime } from "./load-runtime.js";
import { openNative } from "./open-native.js";
import { writeWeights } from "./weight-files.js";

const parent = mkdtempSync(join(tmpdir(), "weight-files-test-"));
afterAll(() => rmSync(parent, { recursive: true }));

const files = [
  { name: "w", elementType: "float32", shape: [1], bytes: Uint8Array.of(1, 2, 3, 4), location: "w.bin" },
] as const;

describe.skipIf(process.platform === "win32")("writeWeights (on Windows nothing is written)", () => {
  it("writes files that only this user may read, and removes them", async () => {
    const listeners = process.listenerCount("exit");
    const handed = await writeWeights(files, parent);
    const [folder] = readdirSync(parent);
    const file = join(parent, folder as string, "w.bin");
    expect([...readFileSync(file)]).toEqual([1, 2, 3, 4]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(parent, folder as string)).mode & 0o777).toBe(0o700);
    await handed?.release();
    expect(readdirSync(parent)).toEqual([]);
    expect(process.listenerCount("exit")).toBe(listeners);
  });

  it("leaves nothing where writing fails, and says that it cannot", async () => {
    const twice = [...files, ...files];
    expect(await writeWeights(twice, parent)).toBeUndefined();
    expect(readdirSync(parent)).toEqual([]);
    expect(await writeWeights(files, join(parent, "none"))).toBeUndefined();
  });

  it("lets a session open from files that are gone when it runs", async () => {
    const device = await openNative("cpu", await loadRuntime(), { threads: 1 });
    const size = 2 ** 23 + 2;
    const graph = trace(
      { x: { dtype: "float32", shape: [size] }, weight: { dtype: "float32", shape: [size] } },
      ({ x, weight }) => ({ y: add(x, weight) }),
    );
    const weight = tensor(Float32Array.from({ length: size }, (_, i) => i % 1000));
    const run = async (handOver: HandOver): Promise<Float32Array> => {
      const backend = new OnnxBackend({ ...device, handOver });
      const executable = await backend.compile(graph, { constants: { weight } });
      expect(readdirSync(parent)).toEqual([]);
      const { y } = await executable.run({ x: tensor(new Float32Array(size).fill(1)) });
      executable.dispose();
      return (y as HostTensor).data.subarray(998, 1002) as Float32Array;
    };
    expect(await run((given) => writeWeights(given, parent))).toEqual(Float32Array.of(999, 1000, 1, 2));
    // The runtime does read them there: other bytes, other numbers.
    const spoiled: HandOver = (given) =>
      writeWeights(
        given.map((each) => ({ ...each, bytes: new Uint8Array(each.bytes.length) })),
        parent,
      );
    expect(await run(spoiled)).toEqual(Float32Array.of(1, 1, 1, 1));
  });

  it("is not asked for a few runs, which read the weights where they lie", async () => {
    const device = await openNative("cpu", await loadRuntime(), { threads: 1 });
    const handOver: HandOver = () => Promise.reject(new Error("handed over"));
    const opened: SessionOptions[] = [];
    const { InferenceSession } = device.runtime;
    const create: typeof InferenceSession.create = (model, options) => {
      opened.push(options);
      return InferenceSession.create(model, options);
    };
    const runtime = { ...device.runtime, Tensor: device.runtime.Tensor, InferenceSession: { create } };
    const backend = new OnnxBackend({ ...device, runtime, handOver });
    const [rows, columns] = [2 ** 12, 2 ** 11 + 1];
    const graph = trace(
      {
        x: { dtype: "float32", shape: [2, rows] },
        weight: { dtype: "float32", shape: [rows, columns] },
        bias: { dtype: "float32", shape: [columns] },
      },
      ({ x, weight, bias }) => ({ y: add(matmul(x, weight), bias) }),
    );
    const weight = tensor(
      Float32Array.from({ length: rows * columns }, (_, i) => i % 3),
      [rows, columns],
    );
    const bias = tensor(new Float32Array(columns).fill(0.5));
    const x = tensor(
      Float32Array.from({ length: 2 * rows }, (_, i) => (i === 1 || i === rows ? 1 : 0)),
      [2, rows],
    );
    const executable = await backend.compile(graph, { constants: { weight, bias }, brief: true });
    const run = async (): Promise<number[]> => {
      const { y } = await executable.run({ x });
      return [0, 1, columns, columns + 1].map((i) => (y as HostTensor).data[i] as number);
    };
    // Row 1 begins with number 2049 of 0, 1, 2, 0 ..., row 0 with number 0.
    expect(await run()).toEqual([0.5, 1.5, 0.5, 1.5]);
    expect(opened).toMatchObject([{ enableCpuMemArena: false }]);
    weight.data[1] = 7;
    expect(await run()).toEqual([0.5, 1.5, 0.5, 7.5]);
    await expect(executable.run({ x, weight })).rejects.toThrow('there is no input "weight"; expected x');
    await expect(backend.compile(graph, { constants: { weight, bias } })).rejects.toThrow("handed over");
    await backend.dispose();
  });
});
