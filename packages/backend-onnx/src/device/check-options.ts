import { DiffusionForcingError } from "@diffusion-forcing/core";

/** What callers of either entry pass. @throws `backend-unavailable` for a device by another name, `invalid-argument` */
export function checkOptions(device: string, devices: readonly string[], threads: number | undefined): void {
  if (device !== "auto" && !devices.includes(device)) {
    throw new DiffusionForcingError(
      "backend-unavailable",
      `onnxBackend: there is no device "${device}" here; expected ${["auto", ...devices].map((name) => `"${name}"`).join(", ")}.`,
    );
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `onnxBackend: threads is ${threads}; expected a positive integer.`,
    );
  }
}
