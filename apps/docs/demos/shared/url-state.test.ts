import { expect, it } from "vitest";
import { choiceSetting, numberSetting } from "./url-state.js";

it("numbers and choices of an address are taken within their bounds only", () => {
  const query = new URLSearchParams("a=5&b=999&c=x&d=&e=2.5&kind=pyramid&other=<script>");
  const number = (name: string, whole = true) => numberSetting(query, name, { low: 0, high: 10, whole, otherwise: 7 });
  expect([
    number("a"),
    number("b"),
    number("c"),
    number("d"),
    number("e"),
    number("e", false),
    number("absent"),
  ]).toEqual([5, 7, 7, 7, 7, 2.5, 7]);
  expect(choiceSetting(query, "kind", ["pyramid", "trapezoid"], "trapezoid")).toBe("pyramid");
  expect(choiceSetting(query, "other", ["pyramid", "trapezoid"], "trapezoid")).toBe("trapezoid");
});
