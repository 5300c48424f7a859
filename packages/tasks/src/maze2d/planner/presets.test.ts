import { countParameters } from "@diffusion-forcing/core";
import { expect, it } from "vitest";
import { parsePlannerConfig, plannerDiffusion } from "./config.js";
import { plannerPresets } from "./presets.js";

const names = ["umaze", "medium", "large", "quick"] as const;

it.each(names)("preset %s is a legal config, also after JSON", (name) => {
  const { planner } = plannerPresets[name];
  expect(parsePlannerConfig(JSON.parse(JSON.stringify(planner)))).toEqual(planner);
});

it("plans ahead over tokens of 10 positions, farther in larger mazes", () => {
  const facts = names.map((name) => {
    const { maze, fields, frameStack, lengths } = plannerPresets[name].planner;
    return [maze, fields, frameStack, lengths[0], lengths[1], lengths.at(-1), lengths.length];
  });
  expect(facts).toEqual([
    ["umaze", ["position"], 10, 3, 4, 22, 20],
    ["medium", ["position"], 10, 4, 6, 38, 18],
    ["large", ["position"], 10, 4, 7, 58, 19],
    ["umaze", ["position"], 10, 3, 4, 22, 20],
  ]);
});

it("has 823 thousand parameters, and 159 thousand in the quick one", () => {
  const counts = names.map((name) => countParameters(plannerDiffusion(plannerPresets[name].planner).model));
  expect(counts).toEqual([823060, 823060, 823060, 158804]);
});
