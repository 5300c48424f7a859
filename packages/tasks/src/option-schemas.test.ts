import { createRandom, isDiffusionForcingError, tensor } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { crosses } from "./composition/index.js";
import { places, runEpisodes } from "./imitation/index.js";
import { FruitPolicy } from "./imitation/policy.js";
import {
  createMazeEnvironment,
  evaluateMazePolicy,
  generateMazeDataset,
  mazes,
  plannerPolicy,
  reachGoal,
  straightLinePolicy,
} from "./maze2d/index.js";
import { infill, pianoRoll, writeMidi } from "./music/index.js";
import { videoAnimation, videoStrip } from "./pictures/index.js";
import { planDriver } from "./planning/index.js";
import { checkForecasterOptions, checkForecastRequest } from "./series/forecast-request.js";
import { movingDigits, movingDots, openDream } from "./video/index.js";
import { mazeVideos } from "./video/maze/videos.js";

const never = (): never => {
  throw new Error("called");
};
const random = createRandom(0);
const backend = { compile: never, dispose: never };
const codec = { encode: never, decode: never };
const sampler = { denoise: never, timesteps: 5, diffusion: {} };
const maze = mazes.umaze;
const chorale = { pitches: new Int8Array(16 * 4), length: 16 };
const videos = tensor(new Float32Array(4), [1, 1, 1, 2, 2]);
const environment = { observationSize: 1, actionSize: 1, frameSize: 2, follow: never };
const sizes = { batch: 1, length: 2 };
const digits = { size: 2, images: [new Float32Array(4)] };
const table = { columns: ["a"], values: new Float64Array(1) };

/** Functions of options: by name, legal options of each, and one value of an option that is illegal. */
const functions: readonly (readonly [string, (options: never) => unknown, object, object])[] = [
  ["crosses", (options) => crosses(options, random), sizes, { length: 1 }],
  [
    "FruitPolicy",
    (options) => new FruitPolicy(options),
    { sampler, codec, episodes: 1, observationSize: 3, memory: 1, random },
    { memory: 0 },
  ],
  [
    "runEpisodes",
    (options) => runEpisodes(options),
    { sampler, codec, view: places, episodes: 1, memory: 1, seed: 0 },
    { distraction: { share: 2, level: 0 } },
  ],
  ["generateMazeDataset", (options) => generateMazeDataset(options), { maze, steps: 1, seed: 0 }, { steps: 0.5 }],
  ["createMazeEnvironment", (options) => createMazeEnvironment(maze, options), {}, { start: [1, Number.NaN] }],
  [
    "evaluateMazePolicy",
    (options) => evaluateMazePolicy(options),
    { maze, policy: straightLinePolicy(), episodes: 1, seed: 0 },
    { episodes: 0 },
  ],
  ["plannerPolicy", (options) => plannerPolicy({} as never, options), {}, { patience: -1 }],
  [
    "reachGoal",
    (options) => reachGoal(options),
    { guidanceScale: 1, frameStack: 1, observationFeatures: 2 },
    { observationFeatures: 3 },
  ],
  ["infill", (options) => infill({} as never, options), { backend, chorale, bars: [1, 1], seed: 0 }, { bars: [1] }],
  ["writeMidi", (options) => writeMidi(chorale, options), {}, { tempo: 0 }],
  ["pianoRoll", (options) => pianoRoll([chorale], options), {}, { filled: [1] }],
  ["videoStrip", (options) => videoStrip(videos, options), {}, { range: [1, 1] }],
  ["videoAnimation", (options) => videoAnimation(videos, options), {}, { framesPerSecond: 0 }],
  [
    "planDriver",
    (options) => planDriver(options),
    { planner: { frameStack: 1, plan: never }, environment },
    { tolerance: Number.NaN },
  ],
  ["SeriesForecaster", (options) => checkForecasterOptions(options), { backend }, { variance: 2 }],
  [
    "forecast",
    (options) => checkForecastRequest(options, { horizon: 1, columns: ["a"] } as never),
    { table, random },
    { columns: "a" },
  ],
  ["openDream", (options) => openDream({} as never, options), { backend }, { steps: 0 }],
  ["mazeVideos", (options) => mazeVideos({} as never, options, random), { ...sizes, size: 2 }, { size: 0 }],
  ["movingDigits", (options) => movingDigits(options, random), { ...sizes, digits, size: 4 }, { count: 0 }],
  ["movingDots", (options) => movingDots(options, random), sizes, { size: 3 }],
];

const messageOf = async (call: () => unknown): Promise<string> => {
  try {
    await call();
  } catch (error) {
    return isDiffusionForcingError(error, "invalid-argument") ? error.message : `of another kind: ${error}`;
  }
  return "taken";
};

describe.each(functions)("the options of %s", (name, call, legal, illegal) => {
  it("are refused if there is no such option", async () => {
    const message = await messageOf(() => call({ ...legal, surprise: 1 } as never));
    expect(message).toContain(`${name}: there is no option surprise.`);
  });

  it("are refused by the name of one whose value cannot be", async () => {
    const [option] = Object.keys(illegal);
    const message = await messageOf(() => call({ ...legal, ...illegal } as never));
    expect(message).toMatch(new RegExp(`^${name}: ${option}[ .].*expected`));
  });

  it("are refused where they are none", async () => {
    for (const none of [null, 5, "options"]) {
      expect(await messageOf(() => call(none as never))).toMatch(
        new RegExp(`^${name}: the value is .*; expected an object`),
      );
    }
  });
});
