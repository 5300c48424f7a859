import { describe, expect, it } from "vitest";
import { transformer } from "../models/index.js";
import { checkSequenceSize } from "./sequence-size.js";

const small = transformer({ features: 2, width: 8, layers: 1, heads: 1 });
const wide = transformer({ features: 1024, width: 8, layers: 1, heads: 1 });

describe("checkSequenceSize", () => {
  it.each([
    [small, 1, 2 ** 20],
    [small, 2 ** 10, 2 ** 10],
    [wide, 2 ** 8, 2 ** 10],
  ])("allows what a walk can hold", (model, batch, length) => {
    expect(() => checkSequenceSize("sample", model, batch, length)).not.toThrow();
  });

  it.each([
    [small, 1, 2 ** 20 + 1],
    [small, 2 ** 32, 3],
    [wide, 2 ** 8 + 1, 2 ** 10],
  ])("refuses more", (model, batch, length) => {
    expect(() => checkSequenceSize("sample", model, batch, length)).toThrow(
      `sample: ${batch} sequences of ${length} tokens are too much for one walk`,
    );
  });
});
