import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { isDiffusionForcingError, referenceBackend } from "@diffusion-forcing/core";
import { Command } from "commander";
import { jsonOption } from "../options.js";
import { formatTable } from "../output/table.js";
import { probeBackend } from "../probe.js";

const candidates = [
  { name: "onnx", device: "cpu", open: () => onnxBackend({ device: "cpu" }) },
  { name: "reference", device: "cpu", open: async () => referenceBackend() },
];

export function backendsCommand(): Command {
  return new Command("backends")
    .description("list the backends, whether each works here, and how exact and fast it is")
    .addOption(jsonOption)
    .action(runBackends);
}

async function runBackends({ json }: { readonly json?: boolean }): Promise<void> {
  const found = [];
  for (const { name, device, open } of candidates) {
    try {
      const backend = await open();
      found.push({ name, device, available: true, ...(await probeBackend(backend)) });
      await backend.dispose();
    } catch (error) {
      const reason = isDiffusionForcingError(error) ? error.message : String(error);
      found.push({ name, device, available: false, reason });
    }
  }
  if (json) {
    process.stdout.write(`${JSON.stringify(found)}\n`);
    return;
  }
  const rows = found.map((entry) =>
    "reason" in entry
      ? [entry.name, entry.device, "no", entry.reason]
      : [entry.name, entry.device, "yes", entry.parity.toExponential(1), `${entry.matmulMilliseconds.toFixed(2)} ms`],
  );
  process.stdout.write(`${formatTable([["backend", "device", "works", "error", "matmul 256"], ...rows])}\n`);
}
