import { describe, expect, it } from "vitest";
import type { Runtime } from "../device/runtime.js";
import { findChannelBlock } from "./channel-block.js";
import { loadRuntime } from "./load-runtime.js";

describe("findChannelBlock", () => {
  it("is a whole vector register of this processor", async () => {
    const block = await findChannelBlock(await loadRuntime(), { executionProviders: ["cpu"], logSeverityLevel: 4 });
    expect([undefined, 8, 16]).toContain(block);
  });

  it("is undefined where the runtime refuses the operator", async () => {
    const refusing = {
      InferenceSession: { create: () => Promise.reject(new Error("no such operator")) },
    } as unknown as Runtime;
    expect(await findChannelBlock(refusing, {})).toBeUndefined();
  });
});
