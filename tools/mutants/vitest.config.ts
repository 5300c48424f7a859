/** The tests that mutants run against: `MUTANTS_TESTS`, globs with commas between them. No devices, no browsers. */
import { defineConfig, type ViteUserConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const conditions = ["source", "module", "node", "development|production"];

/** The first failure ends a mutant's run: short files first. */
class ShortFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).reverse();
  }
}

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: (process.env.MUTANTS_TESTS ?? "packages/core/src/**/*.test.ts").split(","),
    exclude: ["**/node_modules/**", "**/*.browser.test.ts", "**/*.conformance.test.ts"],
    testTimeout: 60_000,
    sequence: { sequencer: ShortFirst },
    // Modules are loaded once for a mutant, not once for each file.
    isolate: false,
  },
});

export default config;
