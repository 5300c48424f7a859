import * as v from "valibot";
import { expect, it } from "vitest";
import { ancestral } from "./ancestral.js";
import { solverSchema } from "./check-solver.js";
import { ddim } from "./ddim.js";
import { dpmSolverPlusPlus } from "./dpm-solver-plus-plus.js";
import { euler } from "./euler.js";
import { heun } from "./heun.js";

const own = { ...ddim(), config: { kind: "own", order: 3 } };

it.each([ddim(), ancestral(), euler(), heun(), dpmSolverPlusPlus(), own])("takes the solver $config.kind", (solver) => {
  expect(v.parse(solverSchema, solver)).toBe(solver);
});

it.each<[string, object]>([
  ["a step that is none", { step: { valueOf: 1 } }],
  ["draws without end", { draws: 1e12 }],
  ["half a draw", { draws: 0.5 }],
  ["no evaluations", { evaluations: 0 }],
  ["no config", { config: undefined }],
  ["a memory that is none", { memory: 1 }],
])("refuses %s", (_what, change) => {
  expect(v.is(solverSchema, { ...ddim(), ...change })).toBe(false);
});
