import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../engine/errors.js";
import { modelFromConfig } from "./model-from-config.js";
import { transformer } from "./transformer/index.js";

describe("modelFromConfig", () => {
  it("rebuilds a model from its config, also after a trip through JSON", () => {
    const model = transformer({ features: 3, width: 8, layers: 1, heads: 2, causal: false });
    const rebuilt = modelFromConfig(JSON.parse(JSON.stringify(model.config)));
    expect(rebuilt.config).toEqual(model.config);
    expect(rebuilt.parameters).toEqual(model.parameters);
  });

  it("refuses an unknown kind, listing the known ones", () => {
    for (const kind of ["diffuser", "toString", "constructor"]) {
      let error: unknown;
      try {
        modelFromConfig({ kind });
      } catch (thrown) {
        error = thrown;
      }
      expect(isDiffusionForcingError(error, "invalid-config")).toBe(true);
      expect((error as Error).message).toBe(
        `There is no model of kind "${kind}"; known kinds: dit3d, recurrent, transformer, unet3d.`,
      );
    }
  });

  it("refuses an illegal field", () => {
    expect(() => modelFromConfig({ kind: "transformer", features: 3, width: 10 })).toThrow(/width is 10/);
    expect(() => modelFromConfig({ kind: "transformer" })).toThrow(/features is missing/);
  });

  const nested = Array.from({ length: 20_000 }).reduce<unknown>((inner) => [inner], "transformer");
  it.each<[string, unknown, string]>([
    ["nothing", undefined, "A model's config is undefined; expected an object with a kind"],
    ["a list", [], "A model's config is []; expected an object"],
    ["no kind", {}, "There is no model of kind undefined"],
    ["a kind nested without end", { kind: nested }, "There is no model of kind an array of 1 elements"],
    ["a kind with a hostile toString", { kind: { toString: 1 } }, "There is no model of kind an object with toString"],
    ["an inherited kind", Object.create({ kind: "transformer" }), "There is no model of kind undefined"],
    ["a hostile size", { kind: "unet3d", tokenShape: [3, { toString: 1 }, 8] }, "unet3d: tokenShape is"],
    ["endless layers", { kind: "dit3d", tokenShape: [3], layers: 50_000_000 }, "dit3d: layers is 50000000"],
    ["a size of 2^32", { kind: "recurrent", features: 4294967296 }, "recurrent: features is 4294967296"],
    ["endless frames", { kind: "unet3d", tokenShape: [3, 1e6, 1e6] }, "unet3d: tokenShape is [3, 1000000, 1000000]"],
    ["endless levels", { kind: "unet3d", tokenShape: [3, 8, 8], multipliers: new Array(1e6).fill(1) }, "multipliers"],
    ["wide channels", { kind: "unet3d", tokenShape: [3, 8, 8], width: 65536 }, "unet3d: these sizes make"],
    ["an unknown field", { kind: "dit3d", tokenShape: [3], dropout: 0.1 }, "dit3d: there is no option dropout"],
    ["another model's field", { kind: "recurrent", features: 1, heads: 2 }, "recurrent: there is no option heads"],
  ])("refuses %s", (_, config, message) => {
    let error: unknown;
    try {
      modelFromConfig(config);
    } catch (thrown) {
      error = thrown;
    }
    expect(isDiffusionForcingError(error, "invalid-config")).toBe(true);
    expect((error as Error).message).toContain(message);
  });
});
