import { describe, expect, it } from "vitest";
import { floorPlan } from "./floor-plan.js";
import { directions } from "./headings.js";
import { castRay, renderView } from "./ray-caster.js";
import { wallKinds } from "./walls.js";

const hall = floorPlan(["#####", "#...=", "%%%%%"]);
const size = 16;

/** One pixel of a view, 0..255. */
function pixel(view: Float32Array, row: number, column: number): number[] {
  return [0, 1, 2].map((channel) => Math.round(((view[(channel * size + row) * size + column]! + 1) / 2) * 255));
}

describe("directions", () => {
  it("are sixteen unit vectors, a sixteenth of a turn apart", () => {
    directions.forEach(([x, y], i) => {
      const angle = (Math.PI * i) / 8;
      expect([x, y]).toEqual([expect.closeTo(Math.cos(angle), 12), expect.closeTo(Math.sin(angle), 12)]);
    });
  });
});

describe("castRay", () => {
  it("finds the first wall, how far it is and where it is met", () => {
    expect(castRay(hall, 1.5, 1.25, 1, 0)).toEqual({ distance: 2.5, wall: wallKinds["="], u: 0.25, facesX: true });
    expect(castRay(hall, 1.5, 1.25, 0, 1)).toEqual({ distance: 0.75, wall: wallKinds["%"], u: 0.5, facesX: false });
    // 3 to the right and 1.5 downwards in 3 lengths: the lower wall comes first, at 0.75 / 0.5.
    expect(castRay(hall, 1.5, 1.25, 1, 0.5)).toEqual({ distance: 1.5, wall: wallKinds["%"], u: 0, facesX: false });
  });
});

describe("renderView", () => {
  it("shows sky above and ground below, the wall at eye level, and bigger walls from nearer", () => {
    const far = renderView(hall, { x: 1.5, y: 1.5, heading: 0 }, size);
    const near = renderView(hall, { x: 3.5, y: 1.5, heading: 0 }, size);
    expect(far).toHaveLength(3 * size * size);
    expect(Math.max(...far)).toBeLessThanOrEqual(1);
    expect(Math.min(...far)).toBeGreaterThanOrEqual(-1);
    const [red, green, blue] = pixel(far, 0, 8) as [number, number, number];
    expect(blue).toBeGreaterThan(green);
    expect(green).toBeGreaterThan(red);
    // The wall ahead is 2.5 away: 1.35 of 16 pixels above the horizon are its own.
    expect(pixel(far, 4, 8)[2]).toBeGreaterThan(180);
    const stone = pixel(far, 7, 8);
    expect(stone[2]).toBeGreaterThan(stone[0]!);
    expect(stone[2]).toBeLessThan(140);
    // From half a square it fills the view.
    expect(pixel(near, 0, 8)).not.toEqual(pixel(far, 0, 8));
    expect(pixel(near, 0, 8)[2]).toBeLessThan(180);
  });

  it("turns to the right when the heading grows: what was on the right comes into view", () => {
    const ahead = renderView(hall, { x: 2.5, y: 1.5, heading: 4 }, size);
    const [red, green, blue] = pixel(ahead, 8, 8) as [number, number, number];
    expect(green).toBeGreaterThan(red);
    expect(green).toBeGreaterThan(blue);
  });

  it("is the same for the same pose, bit for bit", () => {
    const pose = { x: 1.7, y: 1.4, heading: 3 };
    expect(renderView(hall, pose, size)).toEqual(renderView(hall, pose, size));
  });
});
