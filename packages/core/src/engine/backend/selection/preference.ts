import { DiffusionForcingError } from "../../errors.js";
import type { BackendProvider } from "../contract.js";

/** A device of a provider: `onnx/webgpu`. */
export interface Candidate {
  readonly provider: BackendProvider;
  readonly device: string;
}

/** Devices that are no processor: tried before all others. */
const accelerators: ReadonlySet<string> = new Set(["cuda", "node-gpu", "webgpu"]);

export function nameOf({ provider, device }: Candidate): string {
  return `${provider.name}/${device}`;
}

/** Every device of every provider, fastest first: accelerators, then the others, each in the order given. */
export function allCandidates(from: readonly BackendProvider[]): Candidate[] {
  const all = from.flatMap((provider) => provider.devices.map((device) => ({ provider, device })));
  const fast = ({ device }: Candidate): boolean => accelerators.has(device);
  return [...all.filter(fast), ...all.filter((candidate) => !fast(candidate))];
}

/**
 * The candidates in the order of `prefer`: a device ("webgpu"), a provider ("onnx", all its devices) or both
 * ("onnx/webgpu"). What is not named is not tried. Without `prefer`: all.
 *
 * @throws `invalid-argument` for an entry that fits nothing, or without providers.
 */
export function candidatesFor(from: readonly BackendProvider[], prefer: readonly string[] | undefined): Candidate[] {
  if (from.length === 0) {
    throw new DiffusionForcingError(
      "invalid-argument",
      "selectBackend: `from` is empty; pass the providers that backend packages export, as in from: [onnxProvider].",
    );
  }
  const all = allCandidates(from);
  if (prefer === undefined) return all;
  const chosen = new Set<Candidate>();
  for (const entry of prefer) {
    const fitting = all.filter(
      (candidate) => entry === nameOf(candidate) || entry === candidate.device || entry === candidate.provider.name,
    );
    if (fitting.length === 0) throw unknownPreference(entry, all);
    for (const candidate of fitting) chosen.add(candidate);
  }
  if (chosen.size === 0) {
    throw new DiffusionForcingError("invalid-argument", `selectBackend: \`prefer\` is empty; ${whatExists(all)}`);
  }
  return [...chosen];
}

function unknownPreference(entry: string, all: readonly Candidate[]): DiffusionForcingError {
  return new DiffusionForcingError(
    "invalid-argument",
    `selectBackend: there is no backend or device "${entry}"; ${whatExists(all)}`,
  );
}

function whatExists(all: readonly Candidate[]): string {
  const devices = [...new Set(all.map(({ device }) => device))];
  return `expected some of ${all.map(nameOf).join(", ")}, a device alone (${devices.join(", ")}), or leave it out for all.`;
}
