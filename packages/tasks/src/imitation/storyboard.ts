import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { drawText, textWidth } from "../pictures/drawn-text.js";
import { element } from "../pictures/svg.js";
import { palette, svgDocument } from "../pictures/svg-document.js";
import { type FruitState, isSwapped, slots } from "./fruit-swap.js";
import { sceneSchemas } from "./render.js";

/** One episode of the picture. */
export interface Story {
  /** What acted. */
  readonly title: string;
  /** The states of an episode, one after each step. */
  readonly states: readonly FruitState[];
}

const slotSchema = schemas.integer(0, slots.length - 1);
const stateSchema = v.object(
  {
    ...sceneSchemas,
    held: v.optional(schemas.integer(0, 1)),
    initial: v.strictTuple([slotSchema, slotSchema], "the numbers of two slots"),
  },
  "a state { fruits, hand, isClosed, held, initial }",
);
const storiesSchema = v.array(
  v.object(
    { title: v.string("a text"), states: v.array(stateSchema, "a list of states") },
    "an episode { title, states }",
  ),
  "a list of episodes",
);

const fruitColors = ["#d1292e", "#f2c729"] as const;

/** SVG units: a cell's side, the room for titles, and for the steps' numbers. */
const cell = 64;
const gap = 6;
const left = 215;
const top = 30;
const scale = cell / 2.5;
/** Where the row of numbers begins, from above. */
const HEADING = 12;
/** Steps from one picture to the next. */
const stride = 2;

/**
 * Episodes as rows of small pictures, every second step, seen from above: slots grey, the apple red, the lemon yellow, the
 * hand a ring that is filled when it is closed. At the end of a row stands whether the fruits were swapped.
 *
 * @returns an SVG document
 * @throws `invalid-argument`
 */
export function storyboard(stories: readonly Story[]): string {
  check("storyboard", storiesSchema, stories);
  const columns = Math.max(0, ...stories.map(({ states }) => Math.ceil(states.length / stride)));
  const width = left + columns * (cell + gap) + 90;
  const height = top + stories.length * (cell + gap) + gap;
  const steps = Array.from({ length: columns }, (_, i) => {
    const step = String(i * stride);
    return drawText(step, left + i * (cell + gap) + (cell - textWidth(step)) / 2, HEADING, palette.faint);
  });
  return svgDocument(
    { width, height, title: "Episodes of the fruit swap, every second step from above" },
    drawText("step", 12, HEADING, palette.faint),
    ...steps,
    ...stories.map((story, row) => drawStory(story, top + row * (cell + gap))),
  );
}

function drawStory({ title, states }: Story, y: number): string {
  const shown = states.filter((_, t) => t % stride === 0);
  const last = states.at(-1);
  const outcome = last !== undefined && isSwapped(last) ? "swapped" : "not swapped";
  return [
    drawText(title, 12, y + cell / 2 - 4, palette.ink),
    ...shown.map((state, i) => drawState(state, left + i * (cell + gap), y)),
    drawText(outcome, left + shown.length * (cell + gap) + 4, y + cell / 2 - 4, palette.ink),
  ].join("");
}

function drawState({ fruits, hand, isClosed }: FruitState, x: number, y: number): string {
  const at = ([px, py]: readonly [number, number]): { cx: number; cy: number } => ({
    cx: x + cell / 2 + px * scale,
    cy: y + cell / 2 - (py - 0.2) * scale,
  });
  return [
    element("rect", { x, y, width: cell, height: cell, rx: 4, fill: palette.card, stroke: palette.edge }),
    ...slots.map((slot) => element("circle", { ...at(slot), r: 0.36 * scale, fill: palette.edge })),
    ...fruits.map((fruit, i) => element("circle", { ...at(fruit), r: 0.26 * scale, fill: fruitColors[i] })),
    element("circle", {
      ...at(hand),
      r: 0.16 * scale,
      fill: isClosed ? palette.ink : "none",
      stroke: palette.ink,
      "stroke-width": 2,
    }),
  ].join("");
}
