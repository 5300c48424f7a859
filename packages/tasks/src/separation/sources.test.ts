import { createRandom } from "@diffusion-forcing/core";
import { expect, it } from "vitest";
import { syntheticFile } from "../music/testing/synthetic.js";
import { sourcesOf } from "./sources.js";

it("draws two sounds and their sum, the same for the same seed", () => {
  const { draw } = sourcesOf("waves", undefined, "train");
  const sounds = draw(4, createRandom(1));
  expect(sounds).toEqual(draw(4, createRandom(1)));
  expect(sounds.mixture.length).toBe(4 * 1024);
  expect(sounds.mixture[2000]).toBeCloseTo((sounds.first[2000] as number) + (sounds.second[2000] as number), 6);
});

it("draws from chorales of the set, and refuses none, or too short ones", () => {
  const data = syntheticFile(createRandom(2));
  expect(sourcesOf("chorales", data, "test").draw(8, createRandom(1)).first.length).toBe(8 * 1024);
  expect(() => sourcesOf("chorales", undefined, "train")).toThrow("data is missing; expected a file of chorales");
  expect(() => sourcesOf("chorales", data, "train").draw(97, createRandom(1))).toThrow(
    'holds no chorale of 97 sixteenths in "train"',
  );
});
