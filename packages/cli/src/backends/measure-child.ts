/**
 * The process that opens one device, `onnx/webgpu`, and sends its parent what it found: a native library that
 * aborts, hangs or talks takes this process with it and not the command.
 */
import { measureBackend } from "@diffusion-forcing/core/testing";
import { describeFailure, type Failing, type Working } from "./finding.js";
import { backendProviders } from "./providers.js";

async function measure(name: string, device: string): Promise<Working> {
  const provider = backendProviders().find((candidate) => candidate.name === name);
  if (provider === undefined) throw new Error(`There is no backend "${name}".`);
  const backend = await provider.open(device);
  const { version } = backend;
  const measured = await measureBackend(backend);
  // No disposal: some runtimes crash on it, and the process ends anyway.
  return { available: true, ...(version === undefined ? {} : { version }), ...measured };
}

const [name, device] = process.argv.slice(2) as [string, string];
const found: Working | Failing = await measure(name, device).catch(describeFailure);
process.send?.(found, () => process.exit());
