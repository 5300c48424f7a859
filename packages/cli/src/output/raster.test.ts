import { expect, it } from "vitest";
import { toPixels } from "./raster.js";

it("scales to the width and fills in the background", () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="2"><rect width="2" height="2" fill="#ff0000"/></svg>';
  const { width, height, rgba } = toPixels(svg, 8, "#ffffff");
  expect([width, height, rgba.length]).toEqual([8, 4, 8 * 4 * 4]);
  expect([...rgba.slice(0, 4)]).toEqual([255, 0, 0, 255]);
  expect([...rgba.slice(-4)]).toEqual([255, 255, 255, 255]);
});
