import { expect, it } from "vitest";
import { checkChoice } from "./choice.js";

it("lets choices and nothing pass, and names what is none of them", () => {
  checkChoice("mean", undefined, ["weights", "elements"]);
  checkChoice("mean", "weights", ["weights", "elements"]);
  expect(() => checkChoice("mean", "weight", ["weights", "elements"])).toThrow(
    'mean is "weight"; expected "weights", "elements", or nothing.',
  );
  expect(() => checkChoice("kind", 3, ["a"], "invalid-config")).toThrow(
    expect.objectContaining({ code: "invalid-config" }) as Error,
  );
});
