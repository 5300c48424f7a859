import { expect, it } from "vitest";
import * as shelf from "./index.js";

it("the root holds what a newcomer types, and no more than that", () => {
  const names = Object.keys(shelf);
  expect(names.length, names.join(", ")).toBeLessThanOrEqual(45);
  expect(names).toEqual(
    expect.arrayContaining(["diffusionForcing", "transformer", "cosineSchedule", "tensor", "ddim"]),
  );
});
