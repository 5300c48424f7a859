import { DiffusionForcingError, isDiffusionForcingError } from "@diffusion-forcing/core";
import type { Device, TfjsDevice } from "./device.js";

/** How a platform opens each device it knows, fastest first. */
export type Openers = Readonly<Partial<Record<TfjsDevice, () => Promise<Device>>>>;

/**
 * The device asked for, or, for "auto", the first of `automatic` that is there.
 *
 * @throws `backend-unavailable` for a device the platform does not have, or with every reason if none is there;
 *   `missing-dependency`.
 */
export async function openDevice(
  device: TfjsDevice | "auto",
  openers: Openers,
  automatic: readonly TfjsDevice[],
): Promise<Device> {
  if (device !== "auto") return openerOf(device, openers)();
  const reasons: string[] = [];
  for (const candidate of automatic) {
    try {
      return await openerOf(candidate, openers)();
    } catch (error) {
      const isAbsent =
        isDiffusionForcingError(error, "backend-unavailable") || isDiffusionForcingError(error, "missing-dependency");
      if (!isAbsent) throw error;
      reasons.push(`${candidate}: ${error.message}`);
    }
  }
  throw new DiffusionForcingError("backend-unavailable", `tfjsBackend: no device is there.\n${reasons.join("\n")}`);
}

function openerOf(device: TfjsDevice, openers: Openers): () => Promise<Device> {
  const open = Object.hasOwn(openers, device) ? openers[device] : undefined;
  if (open !== undefined) return open;
  const known = ["auto", ...Object.keys(openers)].map((name) => `"${name}"`);
  throw new DiffusionForcingError(
    "backend-unavailable",
    `tfjsBackend: there is no device "${device}" here; expected ${known.join(", ")}.`,
  );
}
