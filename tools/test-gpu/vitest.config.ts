/** The conformance kit on one device of an NVIDIA GPU, `DFORCE_GPU_DEVICE=onnx/cuda`. No part of `npm test`. */
import { defineConfig, type ViteUserConfig } from "vitest/config";

const conditions = ["source", "module", "node", "development|production"];

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name: process.env.DFORCE_GPU_DEVICE ?? "gpu",
    include: ["tools/test-gpu/conformance.ts"],
    testTimeout: 120_000,
    execArgv: ["--expose-gc"],
  },
});

export default config;
