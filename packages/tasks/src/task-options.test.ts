import { expect, it } from "vitest";
import { checkOptionValues, type OptionSchemas } from "./task-options.js";

const options: OptionSchemas = {
  episodes: { kind: "integer", summary: "how many", default: 100, low: 1 },
  scale: { kind: "number", summary: "how strong", default: 0.02, low: 0 },
  tokens: { kind: "integer", summary: "how long", low: 3, high: 40 },
  matrix: { kind: "choice", summary: "which", choices: ["pyramid", "full"], default: "full" },
  support: { kind: "flag", summary: "whether" },
  column: { kind: "text", summary: "what it is called" },
  walls: { kind: "file", summary: "what is read", maxBytes: 3 },
};

it("fills in what is left out; an option without a default stays out", () => {
  expect(checkOptionValues("eval", options, {})).toEqual({
    episodes: 100,
    scale: 0.02,
    matrix: "full",
    support: false,
  });
  const walls = { name: "walls.txt", bytes: new Uint8Array(3) };
  const given = { episodes: 3, scale: 1, tokens: 4, matrix: "pyramid", support: true, column: "date", walls };
  expect(checkOptionValues("eval", options, given)).toEqual(given);
});

it.each([
  [{ episodes: 0 }, "eval: episodes is 0; expected a whole number from 1"],
  [{ scale: Number.NaN }, "scale is NaN"],
  [{ tokens: 41 }, "tokens is 41; expected a whole number from 3 to 40"],
  [{ matrix: "magic" }, 'matrix is "magic"; expected "pyramid" or "full"'],
  [{ support: "yes" }, 'support is "yes"; expected true or false'],
  [{ column: "" }, 'column is ""; expected a text of 1 to 1000 characters'],
  [{ walls: "walls.txt" }, 'walls is "walls.txt"; expected a file { name, bytes } of at most 3 bytes'],
  [{ walls: { name: "walls.txt", bytes: new Uint8Array(4) } }, "expected a file { name, bytes } of at most 3 bytes"],
  [{ episode: 3 }, "there is no option episode"],
])("refuses %j", (values, message) => {
  expect(() => checkOptionValues("eval", options, values)).toThrow(message);
});

it("misses a file that must be given", () => {
  const data: OptionSchemas = { data: { kind: "file", summary: "what is read", maxBytes: 3, required: true } };
  expect(() => checkOptionValues("train", data, {})).toThrow("train: data is missing.");
});
