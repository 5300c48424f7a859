import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { CaseReport } from "../golden/run-case.js";
import { differences } from "./differences.js";
import { formatFidelity } from "./page.js";

const report = (tensor: string, error: number): CaseReport => ({
  name: "A_one",
  kind: "A.schedule",
  outcome: "ok",
  tensors: 3,
  worst: { tensor, error, tolerance: 2e-6 },
});

describe("formatFidelity", () => {
  it("shows the worst tensor of each backend, what laws found, and where the official behaviour is", () => {
    const page = formatFidelity({
      cases: [{ reference: report("out.a", 0), onnx: report("out.b", 1.26e-7) }],
      laws: [
        {
          law: "P(|x| > 2) is 5 %",
          statistic: "p",
          found: 0.4321,
          within: [1e-3, 1],
          broken: { "no noise": 0, "half of it": 2.34e-9 },
          file: "packages/core/src/a.test.ts",
        },
      ],
      differences: [{ official: "old", library: "new", option: "`x: 1`", test: "packages/core/src/b.test.ts" }],
    });
    expect(page).toContain("| A_one | A.schedule | 3 | `out.a` 0 of 2.0e-6 | `out.b` 1.3e-7 of 2.0e-6 |");
    expect(page).toContain("| P(\\|x\\| > 2) is 5 % | p | 0.432 | at least 0.001 | no noise: 0; half of it: 2.3e-9 |");
    expect(page).toContain("| old | new | `x: 1` | [b.test.ts](../packages/core/src/b.test.ts) |");
    expect(page).toContain("1 cases, 3 tensors");
  });
});

describe("every deliberate difference", () => {
  it.each(differences)("is tested: $test", ({ test }) => {
    expect(existsSync(test)).toBe(true);
  });
});
