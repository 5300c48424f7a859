import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { initializeParameters } from "../models/parameters.js";
import { transformer } from "../models/transformer/index.js";
import { officialInitialization } from "./initialization.js";

describe("officialInitialization", () => {
  const model = transformer({ features: 1, width: 8, layers: 3, heads: 2 });
  const official = officialInitialization(model, createRandom(2));
  const usual = initializeParameters(model, createRandom(2));

  it("starts all layers as copies of the first, where they usually differ", () => {
    const layers = (of: typeof official) => [0, 1, 2].map((i) => of[`layers.${i}.feedForward1.weight`]!.data);
    const [first, second, third] = layers(official);
    expect([second, third]).toEqual([first, first]);
    expect(second).not.toBe(first);
    expect(layers(usual)[1]).not.toEqual(layers(usual)[0]);
  });

  it("leaves the first layer and what is outside the layers as it is usually drawn", () => {
    expect(Object.keys(official)).toEqual(Object.keys(usual));
    for (const [name, value] of Object.entries(usual)) {
      if (!/^layers\.[12]\./.test(name)) expect(official[name], name).toEqual(value);
    }
  });
});
