import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { TfjsDevice } from "./device.js";
import { messageOf } from "./failure.js";

// Every import of TensorFlow.js stands literally within "try" in the function that waits for it. Bundlers then let the
// package be absent: an app installs what its own devices need, and no more.

/**
 * What to throw when the packages of a device do not load: `missing-dependency`, with the command that installs them, if
 * one of them is not installed; `backend-unavailable` if they are and do not load.
 */
export function loadFailure(device: TfjsDevice, packages: readonly string[], cause: unknown): DiffusionForcingError {
  if (isNotInstalled(cause)) {
    return new DiffusionForcingError(
      "missing-dependency",
      `tfjsBackend: the device "${device}" needs ${packages.join(" and ")}, which is not installed. Run: npm install ${packages.join(" ")}`,
      { cause },
    );
  }
  return new DiffusionForcingError(
    "backend-unavailable",
    `tfjsBackend: ${packages.join(" and ")} did not load, so there is no device "${device}": ${messageOf(cause)}`,
    { cause },
  );
}

/**
 * Node's and webpack's codes, what browsers say of a bare specifier that no import map resolves, and what Vite puts in
 * the place of an optional peer dependency.
 */
function isNotInstalled(cause: unknown): boolean {
  const { code, message } = (cause ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return true;
  return typeof message === "string" && /module specifier|^Could not resolve ".*" imported by /i.test(message);
}

/** A namespace's exports, also where a CommonJS module came as `default` only. */
export function exportsOf<T>(namespace: object, probe: keyof T & string): T {
  if (probe in namespace) return namespace as T;
  return (namespace as { default: T }).default;
}
