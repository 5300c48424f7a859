import { DiffusionForcingError, referenceBackend } from "@diffusion-forcing/core";
import type { BackendProvider } from "@diffusion-forcing/core/backend";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openBackend } from "./backend.js";

let said = "";
beforeEach(() => {
  said = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const gizmo: BackendProvider = {
  name: "gizmo",
  devices: ["webgpu", "cpu"],
  open: async (device) => {
    if (device === "webgpu") throw new DiffusionForcingError("backend-unavailable", "no adapter. Install a driver.");
    return { ...referenceBackend(), name: "gizmo", device };
  },
};

describe("openBackend", () => {
  it("opens what is asked for and says nothing", async () => {
    const backend = await openBackend({ backend: "gizmo/cpu" }, [gizmo]);
    expect([backend.name, backend.device, said]).toEqual(["gizmo", "cpu", ""]);
  });

  it("takes the next of a list and says why", async () => {
    await openBackend({ backend: "webgpu, cpu" }, [gizmo]);
    expect(said).toBe("passed over gizmo/webgpu: no adapter. Install a driver.\nrunning on gizmo/cpu\n");
  });

  it("takes the first that works for auto, and says which", async () => {
    await openBackend({ backend: "auto" }, [{ ...gizmo, devices: ["cpu"] }]);
    expect(said).toBe("running on gizmo/cpu\n");
  });

  it("fails with the reason and the alternatives", async () => {
    await expect(openBackend({ backend: "webgpu" }, [gizmo])).rejects.toMatchObject({
      code: "backend-unavailable",
      message: expect.stringMatching(
        /^No backend works here:\n {2}gizmo\/webgpu: no adapter\. Install a driver\.\nNot asked for, and perhaps there: gizmo\/cpu\.\n`.* doctor` says what to do about each; --backend takes another\.$/,
      ),
    });
  });
});
