import { testBackend } from "@diffusion-forcing/core/testing";
import { afterAll, describe, it } from "vitest";
import { residentBytes } from "../../../../tools/test-devices/resident-bytes.js";
import { tfjsBackend } from "./tfjs-backend.js";

testBackend("tfjs webgpu", () => tfjsBackend({ device: "webgpu" }), {
  describe,
  it,
  afterAll,
  residentBytes,
  randomGraphs: Number(process.env.DFORCE_RANDOM_GRAPHS ?? 300),
});
