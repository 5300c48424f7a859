import type { BackendProvider } from "@diffusion-forcing/core/backend";
import { Option } from "commander";
import { UsageError } from "../options.js";
import { commandLine } from "../process/invocation.js";

/** What `--backend auto` stands for: everything, accelerators first. */
const everything = "auto";

/** `onnx/webgpu,cpu` as entries for `selectBackend`; undefined for all. */
export function parseBackends(text: string): readonly string[] | undefined {
  if (text === everything) return undefined;
  return text.split(",").map((entry) => entry.trim());
}

/**
 * The devices that the entries name, by provider.
 *
 * @throws UsageError for an entry that fits none.
 */
export function chosenDevices(
  providers: readonly BackendProvider[],
  entries: readonly string[] | undefined,
): readonly BackendProvider[] {
  const fits = (entry: string, name: string, device: string): boolean =>
    entry === name || entry === device || entry === `${name}/${device}`;
  for (const entry of entries ?? []) {
    if (providers.some(({ name, devices }) => devices.some((device) => fits(entry, name, device)))) continue;
    const all = providers.flatMap(({ name, devices }) => devices.map((device) => `${name}/${device}`));
    throw new UsageError(
      `--backend: there is no backend or device "${entry}"; expected ${everything} or some of ${all.join(", ")}, with commas between them. \`${commandLine("backends")}\` shows which work here.`,
    );
  }
  return providers
    .map((provider) => {
      const { name, devices } = provider;
      const chosen = devices.filter((device) => entries?.some((entry) => fits(entry, name, device)) ?? true);
      return { ...provider, devices: chosen };
    })
    .filter(({ devices }) => devices.length > 0);
}

/**
 * The default is the one device that gives the same bits on every machine of a kind; a GPU is no faster for small
 * models, and whether a WebGPU driver computes on a GPU at all cannot be told from Node. Where its native package could
 * not be installed, WebAssembly stands in.
 */
export const backendOption: Option = new Option(
  "--backend <name>",
  "where to run: NAME/DEVICE (onnx/webgpu), a device (cuda), a name, several with commas between them, or auto: the first that works; see the command `backends`",
).default("onnx/cpu,onnx/wasm");
