import { expect, it } from "vitest";
import { tensor } from "../tensor/tensor.js";
import { compileOptions } from "./compile-options.js";

it("fills in what is left out, and keeps what is given", () => {
  expect(compileOptions()).toEqual({ constants: {}, brief: false });
  const constants = { w: tensor([1]) };
  expect(compileOptions({ constants, brief: true })).toEqual({ constants, brief: true });
  expect(compileOptions({ constants }).constants).toBe(constants);
});

it("refuses options that there are not, and values that cannot be", () => {
  expect(() => compileOptions({ constant: {} } as never)).toThrow("compile: there is no option constant.");
  expect(() => compileOptions({ brief: 1 } as never)).toThrow("compile: brief is 1; expected true or false.");
  expect(() => compileOptions({ constants: [1].values } as never)).toThrow("compile: constants is a function");
  expect(() => compileOptions(null as never)).toThrow("compile: the value is null; expected an object.");
});
