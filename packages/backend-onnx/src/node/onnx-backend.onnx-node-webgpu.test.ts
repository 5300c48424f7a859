import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { tensor } from "@diffusion-forcing/core";
import { readTensor } from "@diffusion-forcing/core/backend";
import { mul, trace } from "@diffusion-forcing/core/graph";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { onnxBackend } from "./onnx-backend.js";

/** Runs a graph three times, its state staying on the device. */
const program = `
  import { parentPort } from "node:worker_threads";
  import { tensor } from "@diffusion-forcing/core";
  import { mul, trace } from "@diffusion-forcing/core/graph";
  import { onnxBackend } from "./onnx-backend.js";
  async function main() {
    const backend = await onnxBackend({ device: "webgpu" });
    let x = tensor([1, 2, 3]);
    const executable = await backend.compile(trace({ x }, (v) => ({ x: mul(v.x, 2) })));
    for (let i = 0; i < 3; i++) ({ x } = await executable.run({ x }));
    parentPort.postMessage(Array.from((await x.read()).data));
    await backend.dispose();
  }
  main().catch((error) => parentPort.postMessage(String(error)));
`;

async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    conditions: ["source"],
    external: ["onnxruntime-node"],
    define: { "import.meta.url": JSON.stringify(import.meta.url) },
  });
  return outputFiles[0]?.text ?? "";
}

it("works in a worker_threads worker while the main thread uses the device too", async () => {
  const backend = await onnxBackend({ device: "webgpu" });
  const x = tensor([1, 2, 3]);
  const executable = await backend.compile(trace({ x }, (v) => ({ x: mul(v.x, 3) })));
  const worker = new Worker(await bundled(), { eval: true });
  const exited = once(worker, "exit");
  const [message] = await once(worker, "message");
  expect(message).toEqual([8, 16, 24]);
  await exited;
  expect(await readTensor((await executable.run({ x })).x!)).toEqual(tensor([3, 6, 9]));
  await backend.dispose();
});
