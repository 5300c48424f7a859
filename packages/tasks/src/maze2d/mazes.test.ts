import { describe, expect, it } from "vitest";
import { cellAt, cellCentre, insideWall, isWall, mazes, normalizedScore, parseMaze } from "./mazes.js";

const settings = {
  name: "test",
  episodeLength: 10,
  referenceScores: { minimum: 0, maximum: 1 },
  datasetSize: 10,
};

describe("mazes", () => {
  it("has D4RL's sizes, goals and numbers of free cells", () => {
    const { umaze, medium, large } = mazes;
    expect([umaze.rows, umaze.columns, umaze.freeCells.length]).toEqual([5, 5, 7]);
    expect([medium.rows, medium.columns, medium.freeCells.length]).toEqual([8, 8, 26]);
    expect([large.rows, large.columns, large.freeCells.length]).toEqual([9, 12, 46]);
    expect(umaze.goalCell).toEqual({ row: 1, column: 1 });
    expect(medium.goalCell).toEqual({ row: 6, column: 6 });
    expect(large.goalCell).toEqual({ row: 7, column: 9 });
    expect(umaze.freeCells).toContainEqual(umaze.goalCell);
  });

  it("has OGBench's giant map, all of whose floor hangs together", () => {
    const { giant } = mazes;
    expect([giant.rows, giant.columns, giant.freeCells.length]).toEqual([12, 16, 86]);
    expect(giant.goalCell).toEqual({ row: 10, column: 14 });
    expect(normalizedScore(giant, 100)).toBeUndefined();
  });

  it("maps positions to cells with the particle's offset of 0.2", () => {
    expect(cellAt(1, 3)).toEqual({ row: 1, column: 3 });
    expect(cellAt(0.31, 1.29)).toEqual({ row: 1, column: 1 });
    expect(cellAt(0.29, 1.31)).toEqual({ row: 0, column: 2 });
    expect(cellCentre({ row: 1, column: 2 })).toEqual([0.8, 1.8]);
  });

  it("knows walls, the open cells and the outside", () => {
    expect(insideWall(mazes.umaze, 1, 1)).toBe(false);
    expect(insideWall(mazes.umaze, 2, 2)).toBe(true);
    expect(insideWall(mazes.umaze, 1.29, 1)).toBe(false);
    expect(insideWall(mazes.umaze, 1.31, 1)).toBe(true);
    expect(insideWall(mazes.umaze, -3, 1)).toBe(true);
    expect(isWall(mazes.umaze, 5, 1)).toBe(true);
  });

  it("normalises a return by the reference scores", () => {
    expect(normalizedScore(mazes.umaze, 23.85)).toBe(0);
    expect(normalizedScore(mazes.umaze, 161.86)).toBe(100);
    expect(normalizedScore(mazes.large, 500)).toBeCloseTo(184.556, 3);
  });

  it.each([
    ["###|#G#|##", "row 2 has 2 cells, row 0 has 3"],
    ["###|#G#|#O#", "cell (2, 1) opens the border"],
    ["###|#x#|###", 'cell (1, 1) is "x"'],
    ["###|#O#|###", "it has 0 goals"],
    ["####|#GG#|####", "it has 2 goals"],
  ])("refuses %s", (text, problem) => {
    expect(() => parseMaze(text, settings)).toThrow(problem);
  });
});
