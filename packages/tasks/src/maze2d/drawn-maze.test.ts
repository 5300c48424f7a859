import { isDiffusionForcingError } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { drawnMaze, longestRoute, readDrawing } from "./drawn-maze.js";
import { mazeLayout, mazes } from "./mazes.js";

describe("drawnMaze", () => {
  it("reads lines or rows, floor in three spellings, and puts the goal last where none is drawn", () => {
    const rows = "#####|#OOO#|#O#O#|#OOG#|#####";
    expect(mazeLayout(drawnMaze(rows))).toBe(rows);
    expect(mazeLayout(drawnMaze("\n#####\r\n#. O#  \n#O#O#\n#OOO#\n#####\n\n"))).toBe(rows);
    expect(drawnMaze("#####\n#G..#\n#####").goalCell).toEqual({ row: 1, column: 1 });
  });

  it("lets episodes last for the longest way, and has no reference scores", () => {
    const { name, episodeLength, datasetSize, referenceScores } = drawnMaze("#####\n#OOO#\n###O#\n#OOO#\n#####");
    expect({ name, episodeLength, datasetSize, referenceScores }).toEqual({
      name: "own",
      episodeLength: 300, // 6 cells of 30 steps, and some
      datasetSize: 1_000_000,
      referenceScores: undefined,
    });
  });

  it.each<[string, string, string]>([
    ["nothing", "", "it has no floor"],
    ["walls only", "###\n###\n###", "it has no floor: put O where there is no wall"],
    ["ragged lines", "####\n#OO#\n###\n", "line 3 has 3 cells, line 1 has 4"],
    ["another character", "####\n#Ox#\n####", 'line 2, column 3 is "x": use # for walls'],
    ["an open border", "####\n#OOO\n####", "cell (1, 3) opens the border"],
    ["two goals", "####\n#GG#\n####", "it has 2 goals G"],
    ["two rooms", "#####\n#O#O#\n#####", "line 2, column 4 cannot be reached from line 2, column 2"],
    ["a field of a thousand lines", "###\n".repeat(1000), "it has 1000 lines of 3 cells; at most 32 of 32"],
  ])("refuses %s", (_what, text, problem) => {
    const read = () => drawnMaze(text);
    expect(read).toThrow(problem);
    expect(read).toThrow(expect.toSatisfy((error) => isDiffusionForcingError(error, "invalid-data")));
  });
});

it("drawnMaze refuses what is no text", () => {
  expect(() => drawnMaze(0.5 as never)).toThrow("it is 0.5: give it as text");
});

describe("longestRoute", () => {
  it("is that between the two cells that are farthest apart", () => {
    expect(longestRoute(mazes.umaze)).toBe(6);
    expect(longestRoute(mazes.large)).toBe(19);
    expect(longestRoute(mazes.giant)).toBe(31);
  });
});

describe("readDrawing", () => {
  const file = (bytes: Uint8Array) => ({ name: "mine.txt", bytes });

  it("gives the layout of a file, and names the file of what is none", () => {
    expect(readDrawing(file(new TextEncoder().encode("####\n#O #\n####")))).toBe("####|#OG#|####");
    expect(() => readDrawing(file(new TextEncoder().encode("###")))).toThrow("mine.txt: The maze cannot be read");
    expect(() => readDrawing(file(Uint8Array.of(0xff, 0xfe)))).toThrow("mine.txt: it is not text in UTF-8");
  });
});
