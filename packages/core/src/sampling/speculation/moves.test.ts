import { expect, it } from "vitest";
import { recordedNoise } from "../noise-source.js";
import { Moves } from "./moves.js";

const rows = [
  [2, 2],
  [1, 2],
  [1, 2],
  [0, 1],
  [0, 0],
];

it("are the rows that change something, at the levels of their indices", () => {
  const moves = new Moves(
    rows,
    Int32Array.of(0, 10, 20),
    recordedNoise(() => []),
  );
  expect([moves.count, moves.steps]).toEqual([3, [1, 3, 4]]);
  expect(moves.rows.map((row) => [...row])).toEqual([
    [20, 20],
    [10, 20],
    [0, 10],
    [0, 0],
  ]);
  expect([...moves.row(1)]).toEqual([10, 20]);
  expect([...moves.row(9)]).toEqual([0, 0]);
  expect([0, 1, 2].map((move) => moves.moving(move, [0, 1]))).toEqual([[0], [0, 1], [1]]);
  expect(moves.moving(2, [0])).toEqual([]);
});

it("draw their noise once, under the number of their row, limited; none after the last", () => {
  const paths: string[] = [];
  const source = recordedNoise((path) => {
    paths.push(path.join("/"));
    return [path[0] as number, -9];
  });
  const moves = new Moves(rows, Int32Array.of(0, 10, 20), source);
  const noise = (move: number, label: string) => [...moves.noise(move, [label, 0], [1, 2], 5)];
  expect(noise(1, "step")).toEqual([3, -5]);
  expect(noise(1, "step")).toEqual([3, -5]);
  expect(noise(1, "accept")).toEqual([3, -5]);
  expect(noise(3, "step")).toEqual([0, 0]);
  expect(paths).toEqual(["3/step/0", "3/accept/0"]);
  noise(2, "step");
  noise(0, "step");
  expect(paths).toHaveLength(4);
  // Those of moves 0 and 1 are drawn again, those of move 2 are still there.
  moves.forget(2);
  noise(2, "step");
  expect(paths).toHaveLength(4);
  noise(1, "step");
  noise(0, "step");
  expect(paths).toHaveLength(6);
});
