import { createRandom, tensor } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { renderScene, storyboard } from "./imitation/index.js";
import {
  createDataSupport,
  createMazeEnvironment,
  createMazePhysics,
  createMazeRoutes,
  drawCell,
  drawLocation,
  mazes,
  normalizedScore,
  parseMaze,
  wallFraction,
} from "./maze2d/index.js";
import { type Call, type Refusing, refusalOf } from "./testing/refusal.js";
import {
  findDots,
  floorPlan,
  gardenPlan,
  mazeVideos,
  movingDigits,
  movingDots,
  randomPose,
  renderView,
  scoreDots,
} from "./video/index.js";

const random = createRandom(0);
const maze = mazes.umaze;
const plan = floorPlan(gardenPlan);
const digits = { size: 2, images: [[0, 0, 0, 0]] };
const videos = { batch: 1, length: 2 };
const scene = {
  fruits: [
    [0, 0.8],
    [0.7, -0.4],
  ],
  hand: [0, 0],
  isClosed: false,
};
const state = { ...scene, held: undefined, initial: [0, 2] };

const functions: Refusing = [
  [
    "parseMaze",
    parseMaze as Call,
    ["the text: the value is undefined; expected a text", undefined, maze],
    ["the settings: ", "###", undefined],
  ],
  [
    "createMazeEnvironment",
    createMazeEnvironment as Call,
    ["the maze: the value is undefined; expected a maze", undefined],
    ["the maze: the value is an object with name", JSON.parse(JSON.stringify(maze))],
    ["the maze: the value is an object with name", { ...maze, rows: Number.POSITIVE_INFINITY }],
    ["the maze: the value is an object with name", { ...maze, goalCell: null }],
  ],
  ...(
    [
      ["createMazePhysics", createMazePhysics as Call],
      ["createMazeRoutes", createMazeRoutes as Call],
    ] as const
  ).map(([name, call]) => [name, call, ["the maze: the value is null; expected a maze", null]] as const),
  ...(
    [
      ["drawCell", drawCell as Call],
      ["drawCell", drawLocation as Call],
    ] as const
  ).map(
    ([name, call]) =>
      [
        name,
        call,
        ["the maze: the value is an object; expected a maze", {}, random],
        ["the random stream: the value is 0; expected random numbers", maze, 0],
      ] as const,
  ),
  [
    "wallFraction",
    wallFraction as Call,
    ["the maze: the value is null; expected a maze", null, []],
    ["the points: the value is undefined; expected numbers in rows of 2", maze, undefined],
    ["the points: the value is [1]; expected numbers in rows of 2", maze, [1]],
  ],
  [
    "normalizedScore",
    normalizedScore as Call,
    ["the maze: the value is null; expected a maze", null, 1],
    ["the return: the value is NaN; expected a finite number", maze, Number.NaN],
    ["the return: the value is undefined; expected a finite number", maze, undefined],
  ],
  [
    "createDataSupport",
    createDataSupport as Call,
    ["the maze: the value is undefined; expected a maze", undefined, []],
    ["the observations: the value is null; expected numbers in rows of 4", maze, null],
    ["the observations: the value is a Float32Array of 5 elements; expected", maze, new Float32Array(5)],
  ],
  ["movingDots", movingDots as Call, ["the random stream: the value is undefined", videos, undefined]],
  [
    "movingDigits",
    movingDigits as Call,
    ["the random stream: the value is 7; expected random numbers", { ...videos, digits }, 7],
    ["digits.images is undefined; expected pictures of digits", { ...videos, digits: { size: 2 } }, random],
    ["digits.images is 5; expected a list of pictures", { ...videos, digits: { size: 2, images: 5 } }, random],
    ["digits.size is NaN; expected a whole number", { ...videos, digits: { ...digits, size: Number.NaN } }, random],
    [
      "image 1 has undefined numbers; expected 4",
      { ...videos, digits: { size: 2, images: [[0, 0, 0, 0], null] } },
      random,
    ],
  ],
  ...(
    [
      ["findDots", findDots as Call],
      ["findDots", scoreDots as Call],
    ] as const
  ).map(
    ([name, call]) =>
      [
        name,
        call,
        ["the frames is null; expected a tensor", null],
        [
          "the frames has the shape [1, 1, 1, 2, 3]; expected [B, T, 1, size, size]",
          tensor(new Float32Array(6), [1, 1, 1, 2, 3]),
        ],
      ] as const,
  ),
  [
    "randomPose",
    randomPose as Call,
    ["the maze: the value is null; expected a maze, as floorPlan()", null, random],
    ["the random stream: the value is undefined", plan, undefined],
  ],
  [
    "renderView",
    renderView as Call,
    ["the maze: the value is an array of 9 elements; expected a maze", gardenPlan, { x: 1, y: 1, heading: 0 }, 8],
    ["pose is null; expected a pose { x, y, heading }", plan, null, 8],
    ["pose.heading is 16; expected a whole number from 0 to 15", plan, { x: 1, y: 1, heading: 16 }, 8],
    ["pose.x is NaN; expected a finite number", plan, { x: Number.NaN, y: 1, heading: 0 }, 8],
    ["size is -1; expected a whole number", plan, { x: 1, y: 1, heading: 0 }, -1],
  ],
  ["mazeVideos", mazeVideos as Call, ["the maze: the value is undefined", undefined, { ...videos, size: 2 }, random]],
  [
    "renderScene",
    renderScene as Call,
    ["the value is undefined; expected a scene { fruits, hand, isClosed }", undefined],
    ["hand is [NaN, 0]; expected two finite numbers", { ...scene, hand: [Number.NaN, 0] }],
    ["fruits.1 is undefined; expected", { ...scene, fruits: [[0, 0]] }],
  ],
  [
    "storyboard",
    storyboard as Call,
    ["the value is null; expected a list of episodes", null],
    ["0.states is undefined; expected an episode { title, states }", [{ title: "a" }]],
    [
      "0.states.0.initial.1 is 9; expected a whole number from 0 to 2",
      [{ title: "a", states: [{ ...state, initial: [0, 9] }] }],
    ],
  ],
];

describe.each(functions.map(([name, call, ...refusals]) => ({ name, call, refusals })))(
  "$name",
  ({ name, call, refusals }) => {
    it.each(refusals)("refuses what it cannot take: %s", async (problem, ...given) => {
      expect(await refusalOf(call, given)).toContain(`${name}: ${problem}`);
    });
  },
);

it("takes what is whole: data of the fruit swap, and no frames of dots", () => {
  expect(storyboard([{ title: "a", states: [state as never] }])).toContain("</svg>");
  expect(scoreDots(tensor(new Float32Array(0), [0, 3, 1, 4, 4]))).toEqual({ oneDot: 0, moved: 0 });
});
