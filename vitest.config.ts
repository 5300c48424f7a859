import { defineConfig, type ViteUserConfig } from "vitest/config";

/** Vite's own defaults for Node, preceded by `source`: siblings are tested from their src, without a build. */
const conditions = ["source", "module", "node", "development|production"];

const packages = ["core", "backend-onnx", "tasks", "cli"];

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    testTimeout: 60_000,
    projects: packages.map((name) => ({
      extends: true,
      root: `packages/${name}`,
      test: { name, include: ["src/**/*.test.ts"] },
    })),
  },
});

export default config;
