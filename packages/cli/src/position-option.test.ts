import { mazes } from "@diffusion-forcing/tasks/maze2d";
import { describe, expect, it } from "vitest";
import { freePosition, position } from "./position-option.js";

describe("position", () => {
  it("reads x,y", () => {
    expect(position("--to")("1,2.5")).toEqual([1, 2.5]);
    expect(position("--to")(" 1, -2")).toEqual([1, -2]);
  });

  it.each(["", "1", "1,", "1,2,3", "1;2", "a,b", "Infinity,1", "0x1,1"])('refuses "%s"', (text) => {
    expect(() => position("--to")(text)).toThrow(`--to is "${text}"; expected x,y in cells`);
  });
});

describe("freePosition", () => {
  it("lets positions in free cells pass: cell (3, 1) reaches from 2.3 to 3.3", () => {
    expect(freePosition("--start", [3.2, 1], mazes.umaze)).toEqual([3.2, 1]);
  });

  it("names the nearest free cell for one in a wall, and the bounds for one outside", () => {
    expect(() => freePosition("--to", [2, 1.2], mazes.umaze)).toThrow(
      "--to 2,1.2 lies in a wall of the umaze maze; the nearest free cell is 1,1. x counts from 1 to 3, y from 1 to 3.",
    );
    expect(() => freePosition("--to", [9, 3], mazes.umaze)).toThrow(
      "lies outside the umaze maze; the nearest free cell is 3,3",
    );
  });
});
