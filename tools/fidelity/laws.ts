import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Law } from "@diffusion-forcing/core/testing";
import { type Reporter, startVitest, type TestModule } from "vitest/node";

/** A law with the test that holds the library to it. */
export interface TestedLaw extends Law {
  /** Path of the test, relative to the repository. */
  readonly file: string;
}

/** The files of tests that check a law. */
function lawFiles(): string[] {
  return ["packages", "tools"]
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)))
    .filter((path) => path.endsWith(".test.ts") && !path.includes("node_modules") && path !== kitFile)
    .filter((path) => readFileSync(path, "utf8").includes("checkLaw("))
    .sort();
}

/** Tests `checkLaw` itself, by laws that are none. */
const kitFile = join("packages", "core", "src", "testing", "law.test.ts");

class LawCollector implements Reporter {
  readonly laws: TestedLaw[] = [];
  readonly failures: string[] = [];

  onTestModuleEnd(module: TestModule): void {
    for (const test of module.children.allTests()) {
      const { laws = [] } = test.meta() as { laws?: readonly Law[] };
      this.laws.push(...laws.map((law) => ({ ...law, file: module.relativeModuleId })));
      if (test.result().state === "failed") this.failures.push(`${module.relativeModuleId}: ${test.fullName}`);
    }
    this.failures.push(...module.errors().map(({ message }) => `${module.relativeModuleId}: ${message}`));
  }
}

/**
 * Runs every test that checks a law.
 *
 * @throws Error if a test failed, or if there is no law.
 */
export async function collectLaws(): Promise<TestedLaw[]> {
  const collector = new LawCollector();
  const vitest = await startVitest("test", lawFiles(), { watch: false, reporters: [collector] });
  await vitest.close();
  // Vitest sets it if a test fails, and this process has its own say.
  process.exitCode = 0;
  if (collector.failures.length > 0) throw new Error(`Tests of laws failed:\n${collector.failures.join("\n")}`);
  if (collector.laws.length === 0) throw new Error("No test checked a law.");
  return collector.laws.sort((a, b) => (a.file === b.file ? 0 : a.file < b.file ? -1 : 1));
}
