/** The tests that mutants run against: `MUTANTS_TESTS`, globs with commas between them. No devices, no browsers. */
import { defineConfig, type ViteUserConfig } from "vitest/config";

const conditions = ["source", "module", "node", "development|production"];

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: (process.env.MUTANTS_TESTS ?? "packages/core/src/**/*.test.ts").split(","),
    exclude: ["**/node_modules/**", "**/*.browser.test.ts", "**/*.conformance.test.ts"],
    testTimeout: 60_000,
  },
});

export default config;
