import { isDiffusionForcingError } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { floorPlan, gardenPlan } from "./floor-plan.js";
import { wallKinds } from "./walls.js";

function complaint(...rows: string[]): string {
  try {
    floorPlan(rows);
  } catch (error) {
    return isDiffusionForcingError(error, "invalid-config") ? error.message : `another error: ${String(error)}`;
  }
  return "accepted";
}

describe("floorPlan", () => {
  it("reads floor and walls, and closes the world", () => {
    const plan = floorPlan(["###%", "#. =", "||||"]);
    expect(plan.floor).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(plan.wallAt(1, 1)).toBeUndefined();
    expect(plan.wallAt(3, 1)).toBe(wallKinds["="]);
    expect(plan.wallAt(0, 0)).toBe(wallKinds["#"]);
    expect(plan.wallAt(-5, 99)).toBe(wallKinds["#"]);
  });

  it("refuses what is no closed maze, naming the place", () => {
    expect(complaint("###", "###", "###")).toBe("The maze's plan: there is no floor.");
    expect(complaint("###", "#.#")).toMatch("it has 2 rows of 3 squares; expected 3 to 64 of both");
    expect(complaint("###", "#.##", "###")).toMatch("row 2 has 4 squares and row 1 has 3");
    expect(complaint("###", "#x#", "###")).toMatch('row 2, column 2 is "x"; expected one of # = % | or . for floor');
    expect(complaint("###", "#..", "###")).toMatch("row 2, column 3 is floor at the edge");
    expect(complaint(...Array.from({ length: 65 }, () => "###"))).toMatch("65 rows");
  });

  it("refuses rows that are none", () => {
    expect(() => floorPlan(["###", 5, "###"] as never)).toThrow('it is ["###", 5, "###"]; expected its rows');
    expect(() => floorPlan("###" as never)).toThrow('it is "###"; expected its rows');
  });

  it("lets nobody be caught in the maze of the presets: all of its floor hangs together", () => {
    const { floor } = floorPlan(gardenPlan);
    const reached = new Set([floor[0]!.join()]);
    for (let grew = true; grew; ) {
      grew = false;
      for (const [x, y] of floor) {
        const isNear = [
          [x + 1, y],
          [x - 1, y],
          [x, y + 1],
          [x, y - 1],
        ].some((place) => reached.has(place.join()));
        if (isNear && !reached.has(`${x},${y}`)) {
          reached.add(`${x},${y}`);
          grew = true;
        }
      }
    }
    expect(reached.size).toBe(floor.length);
    expect(floor).toHaveLength(28);
  });
});
