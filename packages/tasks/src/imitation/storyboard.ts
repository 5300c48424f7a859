import { element } from "../maze2d/pictures/svg.js";
import { type FruitState, isSwapped, slots } from "./fruit-swap.js";

/** One episode of the picture. */
export interface Story {
  /** What acted. */
  readonly title: string;
  /** The states of an episode, one after each step. */
  readonly states: readonly FruitState[];
}

const ink = "#1f2a44";
const faint = "#7c869c";
const fruitColors = ["#d1292e", "#f2c729"] as const;

/** SVG units: a cell's side, the room for titles, and for the steps' numbers. */
const cell = 64;
const gap = 6;
const left = 215;
const top = 30;
const scale = cell / 2.5;
/** Steps from one picture to the next. */
const stride = 2;

/**
 * Episodes as rows of small pictures, every second step, seen from above: slots grey, the apple red, the lemon yellow, the
 * hand a ring that is filled when it is closed. At the end of a row stands whether the fruits were swapped.
 *
 * @returns an SVG document
 */
export function storyboard(stories: readonly Story[]): string {
  const columns = Math.max(0, ...stories.map(({ states }) => Math.ceil(states.length / stride)));
  const width = left + columns * (cell + gap) + 90;
  const height = top + stories.length * (cell + gap) + gap;
  const steps = Array.from({ length: columns }, (_, i) =>
    label(left + i * (cell + gap) + cell / 2, top - 10, String(i * stride), faint, "middle"),
  );
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      "font-family": "system-ui, sans-serif",
    },
    element("title", {}, "Episodes of the fruit swap, every second step from above"),
    element("rect", { width, height, fill: "#ffffff" }),
    label(12, top - 10, "step", faint),
    ...steps,
    ...stories.map((story, row) => drawStory(story, top + row * (cell + gap))),
  );
}

function label(x: number, y: number, content: string, fill: string, anchor?: string): string {
  return element("text", { x, y, "font-size": 13, fill, "text-anchor": anchor }, content);
}

function drawStory({ title, states }: Story, y: number): string {
  const shown = states.filter((_, t) => t % stride === 0);
  const last = states.at(-1);
  const outcome = last !== undefined && isSwapped(last) ? "swapped" : "not swapped";
  return [
    label(12, y + cell / 2 + 4, title, ink),
    ...shown.map((state, i) => drawState(state, left + i * (cell + gap), y)),
    label(left + shown.length * (cell + gap) + 4, y + cell / 2 + 4, outcome, ink),
  ].join("");
}

function drawState({ fruits, hand, isClosed }: FruitState, x: number, y: number): string {
  const at = ([px, py]: readonly [number, number]): { cx: number; cy: number } => ({
    cx: x + cell / 2 + px * scale,
    cy: y + cell / 2 - (py - 0.2) * scale,
  });
  return [
    element("rect", { x, y, width: cell, height: cell, rx: 4, fill: "#fdfdfb", stroke: "#d3dae6" }),
    ...slots.map((slot) => element("circle", { ...at(slot), r: 0.36 * scale, fill: "#d3dae6" })),
    ...fruits.map((fruit, i) => element("circle", { ...at(fruit), r: 0.26 * scale, fill: fruitColors[i] })),
    element("circle", { ...at(hand), r: 0.16 * scale, fill: isClosed ? ink : "none", stroke: ink, "stroke-width": 2 }),
  ].join("");
}
