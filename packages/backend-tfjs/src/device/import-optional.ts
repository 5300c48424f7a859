import { DiffusionForcingError } from "@diffusion-forcing/core";

/** Packages to install together for an engine, as one command's arguments. */
export interface Requirement {
  readonly engine: string;
  readonly packages: readonly string[];
}

/**
 * Imports optional peer dependencies.
 *
 * @throws `missing-dependency`, with the command that installs them, if one of them is not installed;
 *   `backend-unavailable` if they are and do not load.
 */
export async function importOptional<T>({ engine, packages }: Requirement, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if (isNotInstalled(cause)) {
      throw new DiffusionForcingError(
        "missing-dependency",
        `tfjsBackend: the engine "${engine}" needs ${packages.join(" and ")}, which is not installed. Run: npm install ${packages.join(" ")}`,
        { cause },
      );
    }
    throw new DiffusionForcingError(
      "backend-unavailable",
      `tfjsBackend: ${packages.join(" and ")} did not load, so there is no engine "${engine}": ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** Node's codes, and what browsers say of a bare specifier that no import map resolves. */
function isNotInstalled(cause: unknown): boolean {
  const code = (cause as { code?: unknown } | null)?.code;
  if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return true;
  return cause instanceof TypeError && /module specifier/i.test(cause.message);
}

export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  const message = (error as { message?: unknown } | null)?.message;
  return typeof message === "string" ? message : String(error);
}

/**
 * A namespace's exports, also where a CommonJS module came as `default` only.
 */
export function exportsOf<T>(namespace: object, probe: keyof T & string): T {
  if (probe in namespace) return namespace as T;
  return (namespace as { default: T }).default;
}
