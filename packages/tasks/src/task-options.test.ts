import { expect, it } from "vitest";
import { checkOptionValues, type OptionSchemas } from "./task-options.js";

const options: OptionSchemas = {
  episodes: { kind: "integer", summary: "how many", default: 100, low: 1 },
  scale: { kind: "number", summary: "how strong", default: 0.02, low: 0 },
  tokens: { kind: "integer", summary: "how long", low: 3, high: 40 },
  matrix: { kind: "choice", summary: "which", choices: ["pyramid", "full"], default: "full" },
  support: { kind: "flag", summary: "whether" },
};

it("fills in what is left out; an option without a default stays out", () => {
  expect(checkOptionValues("eval", options, {})).toEqual({
    episodes: 100,
    scale: 0.02,
    matrix: "full",
    support: false,
  });
  const given = { episodes: 3, scale: 1, tokens: 4, matrix: "pyramid", support: true };
  expect(checkOptionValues("eval", options, given)).toEqual(given);
});

it.each([
  [{ episodes: 0 }, "eval: episodes is 0; expected a whole number from 1"],
  [{ scale: Number.NaN }, "scale is NaN"],
  [{ tokens: 41 }, "tokens is 41; expected a whole number from 3 to 40"],
  [{ matrix: "magic" }, 'matrix is "magic"; expected "pyramid" or "full"'],
  [{ support: "yes" }, 'support is "yes"; expected true or false'],
  [{ episode: 3 }, "there is no option episode"],
])("refuses %j", (values, message) => {
  expect(() => checkOptionValues("eval", options, values)).toThrow(message);
});
