import { glyphLines } from "./glyphs.js";
import type { Pixels, Rgb } from "./pixels.js";

/** Writes a line of text into a picture, its upper left corner at (x, y), `scale` pixels a column of its glyphs. */
export function writeText(onto: Pixels, text: string, x: number, y: number, color: Rgb, scale = 1): void {
  for (const line of glyphLines(text)) {
    line.forEach(([column, row], index) => {
      const [fromColumn, fromRow] = line[Math.max(0, index - 1)] as readonly [number, number];
      const steps = Math.max(1, Math.abs(column - fromColumn), Math.abs(row - fromRow));
      for (let step = 0; step <= steps; step++) {
        const along = (from: number, to: number): number => Math.round(from + ((to - from) * step) / steps);
        dot(onto, x + along(fromColumn, column) * scale, y + along(fromRow, row) * scale, color, scale);
      }
    });
  }
}

function dot({ width, height, rgba }: Pixels, x: number, y: number, color: Rgb, size: number): void {
  for (let row = y; row < Math.min(y + size, height); row++) {
    for (let column = x; column < Math.min(x + size, width); column++) {
      if (row >= 0 && column >= 0) rgba.set([...color, 255], (row * width + column) * 4);
    }
  }
}
