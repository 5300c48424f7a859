import { testBackend } from "@diffusion-forcing/core/testing";
import { afterAll, describe, it } from "vitest";
import { openNamed } from "../test-devices/open-device.js";
import { residentBytes } from "../test-devices/resident-bytes.js";

const name = process.env.DFORCE_GPU_DEVICE ?? "";

testBackend(name, () => openNamed(name), {
  describe,
  it,
  afterAll,
  residentBytes,
  randomGraphs: Number(process.env.DFORCE_RANDOM_GRAPHS ?? 300),
});
