import type { CaseReports } from "./cases.js";
import type { Difference } from "./differences.js";
import type { TestedLaw } from "./laws.js";

export interface Fidelity {
  readonly cases: readonly CaseReports[];
  readonly laws: readonly TestedLaw[];
  readonly differences: readonly Difference[];
}

/** Three digits, in the shorter notation. */
function short(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return String(value);
  return size >= 1e-3 && size < 1e4 ? String(Number(value.toPrecision(3))) : value.toExponential(1);
}

/** Where a law's statistic has to lie, in words. */
function range([low, high]: readonly [number, number]): string {
  if (low === high) return short(low);
  // Probabilities end at 1 anyway; a Bonferroni factor may carry them beyond.
  if (high === Number.POSITIVE_INFINITY || (low > 0 && high === 1)) return `at least ${short(low)}`;
  return low === 0 ? `at most ${short(high)}` : `${short(low)} to ${short(high)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function caseTable(cases: readonly CaseReports[]): string {
  const backends = Object.keys(cases[0] ?? {});
  const rows = cases.map((reports) => {
    const own = Object.values(reports);
    const cells = own.map(({ worst }) =>
      worst === undefined ? "" : `\`${worst.tensor}\` ${short(worst.error)} of ${short(worst.tolerance)}`,
    );
    return [own[0]?.name ?? "", own[0]?.kind ?? "", String(own[0]?.tensors ?? 0), ...cells];
  });
  return table(["case", "kind", "tensors", ...backends], rows);
}

function lawTable(laws: readonly TestedLaw[]): string {
  const rows = laws.map(({ law, statistic, found, within, broken }) => [
    law,
    statistic,
    short(found),
    range(within),
    Object.entries(broken)
      .map(([variant, value]) => `${variant}: ${short(value)}`)
      .join("; "),
  ]);
  return table(["law", "statistic", "found", "required", "broken variants"], rows);
}

function differenceTable(differences: readonly Difference[]): string {
  const rows = differences.map(({ official, library, option, test }) => [
    official,
    library,
    option,
    `[${test.split("/").at(-1)}](../${test})`,
  ]);
  return table(["official code", "here, by default", "the official behaviour", "test of both"], rows);
}

/** docs/fidelity.md. */
export function formatFidelity({ cases, laws, differences }: Fidelity): string {
  const tensors = cases.reduce((total, reports) => total + (Object.values(reports)[0]?.tensors ?? 0), 0);
  const files = [...new Set(laws.map(({ file }) => file))];
  return `# Fidelity

Written by \`npm run fidelity -- FOLDER\` from the runs themselves. Do not edit.

## Cases recorded from the official implementation

${cases.length} cases, ${tensors} tensors, compared through the public API on the reference backend, on ONNX Runtime (cpu) and on ONNX Runtime's WebAssembly. All agree. For each case the tensor nearest to its tolerance, its largest difference and the tolerance: the larger of 20 times the rounding noise of the official code, 5e-6 of the tensor's largest value and 1e-9.

${caseTable(cases)}

## Laws

Where data are Gaussian, or a mixture of Gaussians, the best possible denoiser is known in closed form (\`@diffusion-forcing/core/testing\`). Given it, everything the library samples or bounds has to agree with the law itself. Seeds are fixed, tests of samples run at a significance of 1e-3, and every test has broken variants, which it must catch.

${lawTable(laws)}

Tests: ${files.map((file) => `[${file.split("/").at(-1)}](../${file})`).join(", ")}.

## Deliberate differences

${differenceTable(differences)}
`;
}
