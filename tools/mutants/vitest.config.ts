/** The tests that mutants run against: `MUTANTS_TESTS`, globs with commas between them. No devices, no browsers. */
import { defineConfig, type ViteUserConfig } from "vitest/config";
import { BaseSequencer, type Reporter, type TestModule, type TestSpecification, type Vitest } from "vitest/node";

const conditions = ["source", "module", "node", "development|production"];

/** The first failure ends a mutant's run: first the tests beside the file it is in, then those of its folder, then others. */
class NearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const [mutated = ""] = this.ctx.config.related ?? [];
    const path = mutated.replace(/\.ts$/, "");
    const shared = ({ moduleId }: TestSpecification): number => {
      const at = [...path].findIndex((character, i) => character !== moduleId[i]);
      return at < 0 ? path.length : at;
    };
    // Short ones first among the equally near.
    const all = (await super.sort(files)).reverse();
    return all.sort((a, b) => shared(b) - shared(a));
  }
}

/**
 * Stryker's runner looks at tests only, and takes a mutant for alive that keeps their file from loading. What it does look
 * at are errors outside of tests: it then gives the mutant the status "RuntimeError".
 */
class TellsFilesThatDoNotLoad implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestModuleEnd(file: TestModule): void {
    for (const error of file.errors()) this.#vitest?.state.errorsSet.add(error);
  }
}

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: (process.env.MUTANTS_TESTS ?? "packages/core/src/**/*.test.ts").split(","),
    // Laws by simulation and long training take long: what they notice, numbers that are written down shall notice too.
    exclude: ["**/node_modules/**", "**/*.browser.test.ts", "**/*.conformance.test.ts", "**/*.law.test.ts"],
    testTimeout: 60_000,
    sequence: { sequencer: NearestFirst },
    reporters: [new TellsFilesThatDoNotLoad()],
    // Modules are loaded once for a mutant, not once for each file.
    isolate: false,
  },
});

export default config;
