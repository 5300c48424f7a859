import type { Peephole } from "../lowering.js";

/** Tried in order before an op's own rule; the first that applies wins. */
export const peepholes: readonly Peephole[] = [];
