import { expect, it } from "vitest";
import { pianoRoll } from "./roll.js";
import { rollFilm, rollPixels } from "./roll-film.js";

const chorale = {
  pitches: Int8Array.from({ length: 4 * 32 }, (_, i) => [67, 64, 60, 48][i % 4] as number),
  length: 32,
};

it("draws a note for each, a line for each bar, and shades what was filled in", () => {
  const svg = pianoRoll([chorale, chorale], { filled: [2, 2], titles: ["given", "filled <in>"] });
  expect(svg.startsWith("<svg")).toBe(true);
  expect(svg.match(/rx="1.5"/g)).toHaveLength(8);
  expect(svg.match(/fill="#fdf3df"/g)).toHaveLength(2);
  expect(svg).not.toContain("<in>");
  expect(pianoRoll([])).toContain("<svg");
});

it("is pixels too, and a film with a playhead", () => {
  const { width, height, rgba } = rollPixels([chorale]);
  expect(rgba.length).toBe(width * height * 4);
  const film = rollFilm([chorale]);
  expect(film).toHaveLength(8);
  expect(film[1]!.pixels.rgba).not.toEqual(film[2]!.pixels.rgba);
  expect(film[0]!.milliseconds).toBe(750);
});
