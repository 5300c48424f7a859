import { expect, it } from "vitest";
import { scoreOf, withoutStaticSurvivors } from "./report.js";
import { mutatedFiles, scopesOf } from "./scopes.js";

const source = "const a = 1;\nconst b = a + 2;\n";
const mutant = (status: string, line: number, from: number, to: number, replacement: string) => ({
  mutatorName: "Some",
  status,
  replacement,
  location: { start: { line, column: from }, end: { line, column: to } },
});
const report = {
  files: {
    "packages/core/src/metrics/a.ts": {
      source,
      mutants: [
        mutant("Killed", 1, 11, 12, "2"),
        mutant("Timeout", 1, 11, 12, "3"),
        mutant("RuntimeError", 1, 11, 12, "b"),
        mutant("Survived", 2, 11, 16, "a - 2"),
        mutant("NoCoverage", 2, 15, 16, "0"),
        mutant("CompileError", 2, 15, 16, '""'),
      ],
    },
  },
};

it("counts what was caught of all that could be", () => {
  const { tried, caught, survivors } = scoreOf(report, []);
  expect([tried, caught]).toEqual([5, 3]);
  expect(survivors).toEqual([
    { file: "packages/core/src/metrics/a.ts", line: 2, code: "a + 2", replacement: "a - 2" },
    { file: "packages/core/src/metrics/a.ts", line: 2, code: "2", replacement: "0" },
  ]);
});

it("lets accepted ones live, and says why", () => {
  const accepted = [{ file: "metrics/a.ts", code: "a + 2", replacement: "a - 2", reason: "symmetric" }];
  const { tried, caught, survivors } = scoreOf(report, accepted);
  expect([tried, caught]).toEqual([4, 3]);
  expect(survivors[0]?.reason).toBe("symmetric");
});

it("forgets the mutants that lived though loading runs into them, and nothing else", () => {
  const file = report.files["packages/core/src/metrics/a.ts"];
  const kept = { ...file, mutants: [mutant("Killed", 1, 1, 2, "a"), mutant("Survived", 1, 1, 2, "b")] };
  const forgotten = ["Survived", "NoCoverage"].map((status) => ({ ...mutant(status, 1, 1, 2, "c"), static: true }));
  const caught = { ...mutant("Killed", 1, 1, 2, "d"), static: true };
  const all = { schemaVersion: "1", files: { a: { ...file, mutants: [...kept.mutants, ...forgotten, caught] } } };
  expect(withoutStaticSurvivors(all)).toEqual({
    schemaVersion: "1",
    files: { a: { ...kept, mutants: [...kept.mutants, caught] } },
  });
});

it("takes a scope, or a file in one", () => {
  expect(scopesOf(undefined).length).toBeGreaterThan(4);
  expect(scopesOf("packages/core/src/metrics/")[0]?.folder).toBe("packages/core/src/metrics");
  const [file] = scopesOf("packages/core/src/metrics/crps.ts");
  expect(mutatedFiles(file!)).toEqual(["packages/core/src/metrics/crps.ts"]);
  expect(() => scopesOf("packages/cli")).toThrow("packages/cli is not covered");
});
