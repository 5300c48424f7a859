import { describe, expect, it } from "vitest";
import { type Found, planCoverage } from "./coverage.js";

const nothing: Found = { executablePath: undefined, vulkan: undefined };
const everything: Found = { executablePath: "/usr/bin/chromium", vulkan: { VK_DRIVER_FILES: "/some/driver.json" } };
const names = ({ devices }: ReturnType<typeof planCoverage>): string[] => devices.map(({ name }) => name);

describe("planCoverage", () => {
  it("runs all devices where all is there", () => {
    const coverage = planCoverage(undefined, everything);
    expect(coverage.devices).toHaveLength(10);
    expect([...coverage.absent]).toEqual([]);
    expect(coverage.vulkan).toEqual({ VK_DRIVER_FILES: "/some/driver.json" });
  });

  it("leaves out, with reasons, what neither a browser nor a driver is there for", () => {
    const coverage = planCoverage(undefined, nothing);
    expect(names(coverage)).toEqual(["reference", "onnx-node-cpu", "tfjs-node-cpu", "tfjs-node-wasm"]);
    expect(coverage.absent.get("onnx-node-webgpu")).toContain("no Vulkan driver");
    expect(coverage.absent.get("tfjs-webgpu")).toContain("no Chromium");
    expect(coverage.absent.get("chromium")).toContain("no Chromium");
  });

  it("fails for a declared device that is absent", () => {
    expect(() => planCoverage(["reference", "onnx-web-wasm"], nothing)).toThrow("onnx-web-wasm: no Chromium");
    expect(() => planCoverage(["onnx-node-webgpu"], nothing)).toThrow("onnx-node-webgpu: no Vulkan driver");
    expect(names(planCoverage(["reference"], nothing))).toEqual(["reference"]);
  });

  it("says which devices a declaration leaves out", () => {
    const coverage = planCoverage(["reference", "tfjs-wasm"], everything);
    expect(names(coverage)).toEqual(["reference", "tfjs-wasm"]);
    expect(coverage.absent.get("tfjs-webgpu")).toBe("DFORCE_DEVICES does not name it");
  });
});
