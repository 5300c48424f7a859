import { type Backend, DiffusionForcingError, isDiffusionForcingError, selectBackend } from "@diffusion-forcing/core";
import type { BackendProvider } from "@diffusion-forcing/core/backend";
import { chosenDevices, parseBackends } from "./backends/choice.js";
import { backendProviders } from "./backends/providers.js";
import { commandLine } from "./process/invocation.js";

/** The options of the commands that compute. */
export interface BackendChoice {
  /** As `--backend` has it. */
  readonly backend: string;
  /** CPU threads of ONNX Runtime. */
  readonly threads?: number;
}

/**
 * The first backend of the choice that works. Why others were passed over goes to stderr, as does what runs if it
 * is not what was asked for first.
 *
 * @throws UsageError for a backend or device that does not exist; `backend-unavailable` with every reason if none
 *   works.
 */
export async function openBackend(
  { backend: choice, ...options }: BackendChoice,
  from: readonly BackendProvider[] = backendProviders(options),
): Promise<Backend> {
  const prefer = parseBackends(choice);
  chosenDevices(from, prefer);
  const { backend, passedOver } = await selectBackend({ from, ...(prefer === undefined ? {} : { prefer }) }).catch(
    adviseDoctor,
  );
  for (const { name, device, reason } of passedOver) {
    process.stderr.write(`passed over ${name}/${device}: ${reason}\n`);
  }
  if (passedOver.length > 0 || prefer === undefined) {
    process.stderr.write(`running on ${backend.name}/${backend.device}\n`);
  }
  return backend;
}

function adviseDoctor(error: unknown): never {
  if (!isDiffusionForcingError(error, "backend-unavailable")) throw error;
  throw new DiffusionForcingError(
    error.code,
    `${error.message}\n\`${commandLine("doctor")}\` says what to do about each; --backend takes another.`,
    { cause: error },
  );
}
