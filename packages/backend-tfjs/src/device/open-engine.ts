import { type Backend, DiffusionForcingError, isDiffusionForcingError } from "@diffusion-forcing/core";
import { TfjsBackend } from "../run/backend.js";
import type { TfjsEngine } from "./engine.js";
import type { Session } from "./session.js";

/** How a platform opens each engine it knows, fastest first. */
export type Openers = Readonly<Partial<Record<TfjsEngine, () => Promise<Session>>>>;

/**
 * A backend on the engine asked for, or, for "auto", on the first of `automatic` that is there.
 *
 * @throws `backend-unavailable` for an engine the platform does not have, or with every reason if none is there;
 *   `missing-dependency`.
 */
export async function openEngine(
  engine: TfjsEngine | "auto",
  openers: Openers,
  automatic: readonly TfjsEngine[],
): Promise<Backend> {
  if (engine !== "auto") return new TfjsBackend(await openerOf(engine, openers)());
  const reasons: string[] = [];
  for (const candidate of automatic) {
    try {
      return new TfjsBackend(await openerOf(candidate, openers)());
    } catch (error) {
      const isAbsent =
        isDiffusionForcingError(error, "backend-unavailable") || isDiffusionForcingError(error, "missing-dependency");
      if (!isAbsent) throw error;
      reasons.push(`${candidate}: ${error.message}`);
    }
  }
  throw new DiffusionForcingError("backend-unavailable", `tfjsBackend: no engine is there.\n${reasons.join("\n")}`);
}

function openerOf(engine: TfjsEngine, openers: Openers): () => Promise<Session> {
  const open = Object.hasOwn(openers, engine) ? openers[engine] : undefined;
  if (open !== undefined) return open;
  const known = Object.keys(openers).map((name) => `"${name}"`);
  throw new DiffusionForcingError(
    "backend-unavailable",
    `tfjsBackend: there is no engine "${engine}" on this platform; expected "auto" or ${known.join(", ")}.`,
  );
}
