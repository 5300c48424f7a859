import { tensor } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { type Shape, shapeOf, shapesOf } from "./shapes.js";

type Point = readonly [number, number];
const inwards: Point[] = [
  [-1, -1],
  [-0.8, -0.8],
  [-0.6, -0.6],
  [-0.4, -0.4],
  [-0.2, -0.2],
  [0, 0],
];
/** From the centre to a corner. */
const outwards = (x: number, y: number): Point[] => [0.2, 0.4, 0.6, 0.8, 1].map((s) => [s * x, s * y]);

describe("shapeOf", () => {
  it.each<[string, Point[], Shape]>([
    ["to the opposite corner", [...inwards, ...outwards(1, 1)], "cross"],
    ["to the next corner", [...inwards, ...outwards(1, -1)], "v"],
    ["to the corner before", [...inwards, ...outwards(-1, 1)], "v"],
    ["back to where it came from", [...inwards, ...outwards(-1, -1)], "back"],
    [
      "from beyond a corner, a little beside the lines",
      [
        [-1.1, -1.2],
        [-0.5, -0.6],
        [0.05, 0.1],
        [0.6, -0.5],
        [1.1, -0.9],
      ],
      "v",
    ],
    ["not to a corner", [...inwards, ...outwards(1, 1).slice(0, 3)], "other"],
    ["not from a corner", [...inwards.slice(2), ...outwards(1, 1)], "other"],
    [
      "along the side of the square",
      [
        [-1, -1],
        [-0.5, -1],
        [0, -1],
        [0.5, -1],
        [1, -1],
      ],
      "other",
    ],
    [
      "beside the centre",
      [
        [-1, -1],
        [-0.5, -0.3],
        [-0.2, 0.2],
        [0.3, 0.5],
        [1, 1],
      ],
      "other",
    ],
    ["in and out and in again", [...inwards, [0.2, 0.2], [0.6, 0.6], [0.2, 0.2], ...outwards(1, 1)], "other"],
    ["with a jump from arm to arm", [...inwards, [0.2, 0.2], [0.4, 0.4], [0.6, -0.6], [0.8, -0.8], [1, -1]], "other"],
  ])("%s", (_name, positions, shape) => {
    expect(shapeOf(positions)).toBe(shape);
  });

  it("reads every trajectory of a tensor", () => {
    const two = [...inwards, ...outwards(1, 1), ...inwards, ...outwards(1, -1)];
    expect(shapesOf(tensor(two.flat(), [2, 11, 2]))).toEqual(["cross", "v"]);
  });
});
