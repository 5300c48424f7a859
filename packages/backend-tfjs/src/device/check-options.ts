import { checkOptions, schemas } from "@diffusion-forcing/core/backend";

/** Whether `value` is a folder's address, or the files' own by name. */
function arePaths(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value === "string";
  return Object.values(value).every((path) => typeof path === "string");
}

/**
 * What callers of either entry pass. Whether there is a device by that name, the opening says.
 *
 * @throws `invalid-argument`
 */
export function checkBackendOptions(options: unknown): void {
  checkOptions(
    "tfjsBackend",
    {
      device: schemas.satisfying("a device's name", (value) => typeof value === "string"),
      wasmPaths: schemas.satisfying("a folder's address, or each file's by name", arePaths),
    },
    options,
  );
}
