import type { Backend } from "@diffusion-forcing/core";
import { type GoldenCase, readCase, readDescription, UnsupportedCase } from "./case.js";
import { agrees, type Comparison, compare } from "./compare.js";
import { kinds } from "./kinds/kinds.js";

export interface CaseReport {
  readonly name: string;
  readonly kind: string;
  readonly outcome: "ok" | "FAIL" | "unsupported";
  /** Number of tensors compared. */
  readonly tensors: number;
  /** The comparison nearest to, or furthest beyond, its tolerance. */
  readonly worst?: Comparison;
  /** Why it failed or is unsupported, where it is not the worst tensor. */
  readonly reason?: string;
}

/** Results are what a case is about: each has to be compared. Weights, inputs, draws and intermediates need not be. */
function isResult(name: string): boolean {
  return !/^(w|in|mid)\./.test(name) && /(^|\.)(out|grad|adamw|guidance_grad|f32|f64)(\.|$)/.test(name);
}

function severity({ error, tolerance, problem }: Comparison): number {
  if (problem !== undefined) return Number.POSITIVE_INFINITY;
  return error === 0 ? 0 : error / tolerance;
}

function judge(golden: GoldenCase, comparisons: readonly Comparison[]): CaseReport {
  const { name, kind } = golden;
  const compared = new Set(comparisons.map(({ tensor }) => tensor));
  const missed = [...golden.tensors.keys()].filter((tensor) => isResult(tensor) && !compared.has(tensor));
  const [first, ...others] = comparisons;
  if (first === undefined) return { name, kind, outcome: "FAIL", tensors: 0, reason: "nothing was compared" };
  const worst = others.reduce((a, b) => (severity(b) > severity(a) ? b : a), first);
  const outcome = missed.length === 0 && comparisons.every(agrees) ? "ok" : "FAIL";
  const report: CaseReport = { name, kind, outcome, tensors: comparisons.length, worst };
  return missed.length === 0 ? report : { ...report, reason: `not computed: ${missed.slice(0, 5).join(", ")}` };
}

/** Runs one case; whatever goes wrong is in the report. */
export async function runCase(folder: string, name: string, backend: Backend): Promise<CaseReport> {
  let kind = "unknown kind";
  try {
    ({ kind } = readDescription(folder, name));
    const run = kinds.get(kind);
    if (run === undefined) throw new UnsupportedCase("no runner for this kind");
    const golden = readCase(folder, name);
    const results = await run(golden, backend);
    // A case may store less than its kind can compute.
    const stored = results.filter((result) => golden.tensors.has(result.name));
    return judge(
      golden,
      stored.map((result) => compare(golden, result)),
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { name, kind, outcome: error instanceof UnsupportedCase ? "unsupported" : "FAIL", tensors: 0, reason };
  }
}
