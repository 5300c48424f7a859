import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../engine/errors.js";
import { modelFromConfig } from "./model-from-config.js";
import { transformer } from "./transformer.js";

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
    expect(() => modelFromConfig({ kind: "transformer" })).toThrow(/features is undefined/);
  });
});
