import { describe, expect, it } from "vitest";
import { declaredDevices } from "./devices.js";

describe("declaredDevices", () => {
  it("promises nothing without a declaration", () => {
    expect(declaredDevices(undefined)).toBeUndefined();
    expect(declaredDevices(" ")).toBeUndefined();
  });

  it("takes names with commas between them, or all ten", () => {
    expect(declaredDevices("reference, onnx-web-wasm")).toEqual(["reference", "onnx-web-wasm"]);
    expect(declaredDevices("all")).toHaveLength(10);
  });

  it("refuses a name that no device has", () => {
    expect(() => declaredDevices("reference,onnx-web-wsam")).toThrow('there is no device "onnx-web-wsam"');
  });
});
