import { element, escapeText } from "./svg.js";

/** Colours that all drawings share. */
export const palette = {
  ink: "#1f2a44",
  faint: "#7c869c",
  grid: "#e3e7ef",
  edge: "#d3dae6",
  card: "#fdfdfb",
  paper: "#ffffff",
} as const;

/** What a drawing is as a whole. */
export interface Sheet {
  /** In SVG units. */
  readonly width: number;
  readonly height: number;
  /** What it shows, for those who do not see it. */
  readonly title: string;
}

/** A whole SVG document: white paper with elements on it. */
export function svgDocument({ width, height, title }: Sheet, ...elements: string[]): string {
  return element(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height },
    element("title", {}, escapeText(title)),
    element("rect", { width, height, fill: palette.paper }),
    ...elements,
  );
}
