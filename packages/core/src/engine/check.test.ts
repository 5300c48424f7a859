import * as v from "valibot";
import { expect, it } from "vitest";
import { check, schemas } from "./check.js";

const schema = v.strictObject({
  steps: schemas.integer(1),
  rate: v.optional(schemas.positive(), 0.5),
  nested: v.optional(v.strictObject({ kind: schemas.choice("a", "b") })),
});

it("fills in defaults", () => {
  expect(check("thing", schema, { steps: 3 })).toEqual({ steps: 3, rate: 0.5 });
});

it.each([
  [{ steps: 0 }, "thing: steps is 0; expected a whole number from 1."],
  [{ steps: Number.NaN }, "thing: steps is NaN; expected a whole number from 1."],
  [{ steps: 2, rate: -1 }, "thing: rate is -1; expected a positive number."],
  [{ steps: 2, rate: Number.POSITIVE_INFINITY }, "thing: rate is Infinity; expected a positive number."],
  [{ steps: 2, lr: 1 }, "thing: there is no option lr. The known ones are steps, rate, nested."],
  [{ steps: 2, nested: { kind: "c" } }, 'thing: nested.kind is "c"; expected "a" or "b".'],
  [{ steps: { toString: 1 } }, "thing: steps is an object with toString; expected a whole number from 1."],
  [null, "thing: the value is null; expected an object."],
  [undefined, "thing: the value is undefined; expected an object."],
  [{}, "thing: steps is missing. Expected a whole number from 1."],
])("refuses %o", (value, message) => {
  expect(() => check("thing", schema, value)).toThrow(expect.objectContaining({ code: "invalid-argument", message }));
});
