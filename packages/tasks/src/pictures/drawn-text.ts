import { glyphLines, glyphWidth } from "./glyphs.js";
import { element, round } from "./svg.js";

/** SVG units a column of a glyph. */
export const textScale = 1.15;

/** A line of text as strokes, so that it needs no font; its capitals' upper left corner at (x, y). */
export function drawText(text: string, x: number, y: number, color: string, scale: number = textScale): string {
  const d = glyphLines(text)
    .map((line) => {
      const points = line.map(([column, row]) => `${round(x + column * scale)} ${round(y + row * scale)}`);
      return `M${(points.length === 1 ? [points[0], points[0]] : points).join("L")}`;
    })
    .join("");
  const style = { fill: "none", stroke: color, "stroke-width": 0.95 * scale };
  return element("path", { d, ...style, "stroke-linecap": "round", "stroke-linejoin": "round" });
}

/** The width of a text as {@link drawText} draws it. */
export function textWidth(text: string, scale: number = textScale): number {
  return glyphWidth(text) * scale;
}
