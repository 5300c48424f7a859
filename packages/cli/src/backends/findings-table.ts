import { formatTable, printable } from "../output/table.js";
import type { Finding } from "./finding.js";

const header = ["backend/device", "works", "version", "parity", "matmul 256", "training step"];

/** A table of the devices and, below it, why those that do not work do not. */
export function formatFindings(found: readonly Finding[]): string {
  const rows = found.map((finding) => {
    const name = `${finding.name}/${finding.device}`;
    if (!finding.available) return [name, "no", "", "", "", ""];
    const { version = "", parity, matmulMilliseconds, trainingStepMilliseconds } = finding;
    return [name, "yes", version, parity.toExponential(1), time(matmulMilliseconds), time(trainingStepMilliseconds)];
  });
  const reasons = found.flatMap((finding) =>
    finding.available ? [] : [`  ${finding.name}/${finding.device}: ${printable(finding.reason.replace(/\s+/g, " "))}`],
  );
  const why = reasons.length === 0 ? "" : `\n\nWhy not:\n${reasons.join("\n")}`;
  return `${formatTable([header, ...rows])}\n\n${legend}${why}`;
}

const legend = `  parity: largest difference from the reference over a probe of all that models need, relative; times are medians:
  a product of two 256 x 256 matrices, and a step of a small transformer (17,000 parameters, 8 sequences of 16 tokens)`;

function time(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms`;
}
