import { isDiffusionForcingError } from "@diffusion-forcing/core";
import { videoTask } from "@diffusion-forcing/tasks/video";
import { describe, expect, it } from "vitest";
import { parseRunConfig } from "./run-config.js";
import { tinyRecipe } from "./testing/cli.js";

const { planner, training } = tinyRecipe;
const parse = (value: unknown) => () => parseRunConfig(JSON.stringify(value), "my.json");

describe("parseRunConfig", () => {
  it("reads what a run writes as its training.json", () => {
    expect(parse(tinyRecipe)()).toEqual(tinyRecipe);
  });

  it("takes seed 0 where none is given, and a schedule with or without a warm-up", () => {
    expect(parse({ planner, training })().seed).toBe(0);
    const schedule = { kind: "cosine", warmupSteps: 10 };
    expect(parse({ planner, training: { ...training, schedule } })().training.schedule).toEqual(schedule);
    expect(parse({ planner, training })().training.schedule).toEqual({ kind: "constant" });
  });

  it.each<[string, unknown, string]>([
    ["steps", 0, "training.steps"],
    ["steps", 1.5, "training.steps"],
    ["steps", "5", "training.steps"],
    ["tokensPerStep", -1, "training.tokensPerStep"],
    ["tokensPerStep", 1e12, "training.tokensPerStep"],
    ["dataSteps", 50_000_000, "training.dataSteps"],
    ["dataSteps", null, "training.dataSteps"],
    ["dataSeed", -1, "training.dataSeed"],
    ["learningRate", 0, "training.learningRate"],
    ["schedule", "cosine", "training.schedule"],
    ["schedule", { kind: "linear" }, "training.schedule.kind"],
    ["schedule", { kind: "cosine", warmupSteps: -1 }, "training.schedule.warmupSteps"],
    ["emaDecay", 1, "training.emaDecay"],
    ["emaDecay", -0.1, "training.emaDecay"],
  ])("refuses training.%s %j, naming it", (field, value, named) => {
    const parsing = parse({ planner, training: { ...training, [field]: value } });
    expect(parsing).toThrow(new RegExp(`^my\\.json: recipe: ${named.replaceAll(".", "\\.")} is `));
    expect(parsing).toThrow(expect.toSatisfy((error) => isDiffusionForcingError(error, "invalid-config")));
  });

  it("refuses misspelt and missing fields", () => {
    expect(parse({ planner, training: { ...training, learningrate: 1 } })).toThrow("no option training.learningrate");
    expect(parse({ planner, training, sed: 1 })).toThrow("there is no option sed");
    expect(parse({ planner })).toThrow("training is missing");
    expect(parse({ planner, training, seed: -1 })).toThrow("seed is -1; expected a whole number from 0");
    expect(parse([])).toThrow("my.json is no training config: the file is []");
  });

  it("recognises the task by the recipe's parts where none is named, and refuses one that there is not", () => {
    expect(parse({ planner, training })().task).toBe("maze2d");
    const { presets, name } = videoTask;
    expect(parse(presets["dots-quick"])().task).toBe(name);
    expect(parse({ training })).toThrow(
      "its task is not given, and its parts are none's; the known ones are maze2d, video",
    );
    expect(parse({ task: "magic", planner, training })).toThrow('its task is "magic"; the known ones are maze2d');
    expect(parse({ task: "video", planner, training })).toThrow("my.json: recipe: ");
  });

  it("refuses text that is no JSON, naming the file", () => {
    expect(() => parseRunConfig("{", "my.json")).toThrow(/^my\.json: this is not valid JSON /);
    expect(() => parseRunConfig('{"seed":1,"seed":2}', "my.json")).toThrow(/^my\.json: .*"seed"/);
  });

  it("passes over a byte order mark", () => {
    expect(parseRunConfig(`\uFEFF${JSON.stringify(tinyRecipe)}`, "my.json")).toEqual(tinyRecipe);
  });

  it.each<[object, string]>([
    [
      { maze: "tiny" },
      'my.json: Planner config: maze is "tiny"; expected umaze, medium, large, giant, or an object with kind "drawn" and a layout.',
    ],
    [{ schedule: { kind: "quadratic", levels: 10 } }, 'my.json: A noise schedule\'s kind is "quadratic"'],
    [{ model: { ...planner.model, heads: 3 } }, "my.json: transformer: heads is 3; expected a divisor of the width 8."],
    [
      { model: { ...planner.model, widht: 8 } },
      "my.json: transformer: there is no option widht. The known ones are kind,",
    ],
  ])("refuses the planner's %j, naming file and field", (change, message) => {
    expect(parse({ ...tinyRecipe, planner: { ...planner, ...change } })).toThrow(message);
  });

  it("refuses less data than a window takes", () => {
    expect(parse({ planner, training: { ...training, dataSteps: 29 } })).toThrow(
      "my.json: recipe: training.dataSteps is 29; expected at least 30, the frames of the longest window.",
    );
    expect(parse({ planner, training: { ...training, dataSteps: 30 } })).not.toThrow();
  });
});
