import { expect, it } from "vitest";
import { element, escapeText, round } from "./svg.js";

it("writes elements, rounding numbers and leaving out undefined attributes", () => {
  expect(element("circle", { cx: 1.005, cy: -0.001, r: 12.3456, fill: undefined })).toBe(
    '<circle cx="1" cy="0" r="12.35"/>',
  );
  expect(element("g", { opacity: 0.5 }, "<a/>", "<b/>")).toBe('<g opacity="0.5"><a/><b/></g>');
  expect(element("rect", { fill: 'a"b<c' })).toBe('<rect fill="a&quot;b&lt;c"/>');
});

it("escapes text", () => {
  expect(escapeText('<1 & "2">')).toBe("&lt;1 &amp; &quot;2&quot;&gt;");
});

it("never writes a negative zero", () => {
  expect(round(-0.004)).toBe("0");
  expect(round(-2.5)).toBe("-2.5");
});
