import { referenceBackend } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { excesses, soak } from "./growth.js";

const config = { width: 8, layers: 1, heads: 1, feedForward: 8, tokens: 3, features: 2, batch: 2 };

describe("soak", () => {
  it("measures each job after settling and after all steps", async () => {
    let measured = 0;
    const growths = await soak(referenceBackend(), { config, settled: 1, steps: 2 }, async () => ({
      bytes: 100 + measured++,
    }));
    expect(growths).toEqual([
      { job: "train_step", before: { bytes: 100 }, after: { bytes: 101 } },
      { job: "denoise_step", before: { bytes: 102 }, after: { bytes: 103 } },
    ]);
  });
});

describe("excesses", () => {
  it("lets memory breathe by 5 %, and counts not at all", () => {
    const before = { bytes: 1000, gpuBuffers: 7, tensors: 9 };
    const grown = (after: object) => excesses({ job: "train_step", before, after: { ...before, ...after } });
    expect(grown({ bytes: 1049 })).toEqual([]);
    expect(grown({ bytes: 1060 })).toEqual(["train_step: memory grew by 6.0 %"]);
    expect(grown({ bytes: 10, gpuBuffers: 7, tensors: 8 })).toEqual([]);
    expect(grown({ gpuBuffers: 8 })).toEqual(["train_step: gpuBuffers rose from 7 to 8"]);
    expect(grown({ tensors: 10 })).toEqual(["train_step: tensors rose from 9 to 10"]);
  });
});
