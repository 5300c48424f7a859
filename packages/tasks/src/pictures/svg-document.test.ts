import { expect, it } from "vitest";
import { svgDocument } from "./svg-document.js";

it("puts elements on white paper, and says what they show", () => {
  expect(svgDocument({ width: 20, height: 10, title: "A < B" }, "<circle/>")).toBe(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10" width="20" height="10">' +
      '<title>A &lt; B</title><rect width="20" height="10" fill="#ffffff"/><circle/></svg>',
  );
});
