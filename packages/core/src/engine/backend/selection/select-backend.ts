import * as v from "valibot";
import { check, schemas } from "../../check.js";
import { DiffusionForcingError, type ErrorCode, isDiffusionForcingError, throwIfAborted } from "../../errors.js";
import { unlessAborted } from "../../unless-aborted.js";
import type { Backend, BackendProvider } from "../contract.js";
import { allCandidates, type Candidate, candidatesFor, nameOf } from "./preference.js";
import { probeBackend } from "./probe.js";

export interface SelectBackendOptions {
  /** What backend packages export: `onnxProvider`, `tfjsProvider`. Nothing is registered globally. */
  readonly from: readonly BackendProvider[];
  /**
   * What to try, in order: a device ("webgpu"), a provider ("onnx") or both ("onnx/wasm"). What is not named is not
   * tried. Default: everything, accelerators first.
   */
  readonly prefer?: readonly string[];
  readonly signal?: AbortSignal;
  /**
   * Rejects a live backend by throwing. Default {@link probeBackend}, which runs a tiny graph and checks its numbers;
   * `false` takes whatever opens.
   */
  readonly probe?: false | ((backend: Backend) => Promise<unknown>);
}

const name = v.pipe(v.string("a name"), v.maxLength(100, "a name of at most 100 characters"));
const provider = v.looseObject({ name, devices: v.array(name), open: schemas.function() });

const optionsSchema = v.strictObject({
  from: v.array(
    schemas.satisfying<BackendProvider>("a provider, such as onnxProvider", (value) => v.is(provider, value)),
    "an array of providers, such as [onnxProvider]",
  ),
  prefer: v.optional(v.array(name, "an array of names")),
  signal: v.optional(schemas.having<AbortSignal>("an AbortSignal", "aborted")),
  probe: v.optional(
    schemas.satisfying<false | ((backend: Backend) => Promise<unknown>)>(
      "a function, or false",
      (value) => value === false || typeof value === "function",
    ),
  ),
});

/** A device that was tried and is not used, and why. */
export interface PassedOver {
  /** The provider: "onnx", "tfjs". */
  readonly name: string;
  readonly device: string;
  readonly reason: string;
  readonly code: ErrorCode;
}

export interface Selection {
  /** Live; dispose it when done. */
  readonly backend: Backend;
  /** What was tried before it, in order. */
  readonly passedOver: readonly PassedOver[];
}

/**
 * The first backend that opens and computes the right numbers, with the reasons why others were passed over.
 * A backend that fails its probe is disposed, as is one that opens after `signal` has fired.
 *
 * @throws `backend-unavailable` with every reason if none works; `invalid-argument`, for an entry of `prefer` that
 *   does not exist too; `aborted`, at once, when the signal fires.
 *
 * @example
 * const { backend, passedOver } = await selectBackend({ from: [onnxProvider], prefer: ["webgpu", "cpu"] });
 * for (const { name, device, reason } of passedOver) console.warn(`${name}/${device}: ${reason}`);
 */
export async function selectBackend(options: SelectBackendOptions): Promise<Selection> {
  const { from, prefer, signal, probe = probeBackend } = check("selectBackend", optionsSchema, options);
  const candidates = candidatesFor(from, prefer);
  const passedOver: PassedOver[] = [];
  for (const candidate of candidates) {
    throwIfAborted(signal);
    try {
      return { backend: await open(candidate, probe, signal), passedOver };
    } catch (error) {
      throwIfAborted(signal);
      passedOver.push(reasonOf(candidate, error));
    }
  }
  throw noneWorks(passedOver, allCandidates(from));
}

async function open(
  { provider, device }: Candidate,
  probe: NonNullable<SelectBackendOptions["probe"]>,
  signal: AbortSignal | undefined,
): Promise<Backend> {
  const opening = Promise.resolve().then(() => provider.open(device));
  const backend = await unlessAborted(opening, signal, (late) => void late.dispose().catch(ignore));
  try {
    checkVersion(backend);
    // The probe of an aborted selection ends when it ends; its backend is disposed under it.
    if (probe !== false) await unlessAborted(Promise.resolve(backend).then(probe), signal, ignore);
    throwIfAborted(signal);
    return backend;
  } catch (error) {
    // Waited for, since candidates may share a runtime; that a broken backend does not go cleanly is no news.
    const disposing = Promise.resolve()
      .then(() => backend.dispose())
      .catch(ignore);
    await unlessAborted(disposing, signal, ignore);
    throw error;
  }
}

function ignore(): void {}

function checkVersion({ specVersion, name }: Backend): void {
  if (specVersion === 1) return;
  throw new DiffusionForcingError(
    "backend-unavailable",
    `the backend "${name}" implements version ${specVersion} of the contract, this core version 1. Update @diffusion-forcing/core and the backend's package to the same release.`,
  );
}

function reasonOf({ provider, device }: Candidate, error: unknown): PassedOver {
  const reason = error instanceof Error || isDiffusionForcingError(error) ? error.message : String(error);
  return { name: provider.name, device, reason, code: isDiffusionForcingError(error) ? error.code : "backend-failure" };
}

function noneWorks(passedOver: readonly PassedOver[], all: readonly Candidate[]): DiffusionForcingError {
  const tried = new Set(passedOver.map(({ name, device }) => `${name}/${device}`));
  const untried = all.map(nameOf).filter((name) => !tried.has(name));
  const alternatives = untried.length === 0 ? "" : `\nNot asked for, and perhaps there: ${untried.join(", ")}.`;
  const reasons = passedOver.map(({ name, device, reason }) => `  ${name}/${device}: ${reason}`);
  return new DiffusionForcingError(
    "backend-unavailable",
    `No backend works here:\n${reasons.join("\n")}${alternatives}`,
  );
}
