import { defineConfig } from "vitest/config";

// The built site in a real browser: `npm run docs:test`. Not part of `npm test`, which needs no build.
export default defineConfig({
  resolve: { conditions: ["source", "module", "node", "development|production"] },
  ssr: { resolve: { conditions: ["source", "module", "node", "development|production"] } },
  test: {
    include: ["tests/**/*.e2e.ts"],
    // One browser at a time: demos want the cores.
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 60_000,
  },
});
