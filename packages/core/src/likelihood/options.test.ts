import { describe, expect, it } from "vitest";
import { broadcastTo, constant } from "../engine/graph/operations.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { exactDiffusion } from "../testing/oracles/index.js";
import { smallPath } from "../testing/small-path.js";
import { checkOptions, type ElboOptions } from "./options.js";

const diffusion = exactDiffusion([1], ({ tokens }) => broadcastTo(constant(0.2), tokens.shape), {
  process: smallPath(),
});
const checked = (more: Partial<Record<keyof ElboOptions, unknown>> = {}) =>
  checkOptions(diffusion, {
    backend: referenceBackend(),
    parameters: {},
    tokens: tensor([0.5, -1, 2, 0.1], [2, 2, 1]),
    timesteps: 3,
    rows: [3, 2, 1, 0].map((index) => [index, index]),
    seed: 9,
    draws: 2,
    ...more,
  } as ElboOptions);
const nats = () => new Float64Array(2);

describe("checkOptions", () => {
  it("says each index's level, what is scored, and in which rows something moves", () => {
    expect(checked()).toEqual({ levels: Int32Array.of(0, 1, 2, 3), scored: [true, true], moves: [1, 2, 3] });
    const rows = [
      [3, 1],
      [3, 1],
      [2, 1],
      [2, 1],
      [0, 1],
    ];
    expect(checked({ rows })).toEqual({ levels: Int32Array.of(0, 1, 2, 3), scored: [true, false], moves: [2, 4] });
    expect(checked({ rows: rows.map((row) => Int32Array.from(row, (x) => Math.min(x, 2))), timesteps: 2 })).toEqual({
      levels: Int32Array.of(0, 1, 3),
      scored: [true, false],
      moves: [4],
    });
  });

  it.each<[string, Partial<Record<keyof ElboOptions, unknown>>]>([
    ["before the first step", { resume: { step: 0, nats: [] } }],
    ["in the first draw", { resume: { step: 1, nats: [nats()] } }],
    ["at the end of the first", { resume: { step: 3, nats: [nats()] } }],
    ["in the second", { resume: { step: 4, nats: [nats(), nats()] } }],
    ["at the end", { resume: { step: 6, nats: [nats(), nats()] } }],
    ["of an only draw", { draws: undefined, resume: { step: 3, nats: [nats()] } }],
    [
      "with a variance, a grid, a stream and a signal",
      {
        variance: 0,
        reconstruction: { kind: "grid", values: 2 },
        seed: { split: () => {} },
        signal: AbortSignal.abort(),
      },
    ],
  ])("takes a state %s", (_where, more) => {
    expect(() => checked(more)).not.toThrow();
  });

  it.each<[string, Partial<Record<keyof ElboOptions, unknown>>, string]>([
    ["more steps than there are", { resume: { step: 7, nats: [nats(), nats(), nats()] } }, "after step 7"],
    [
      "more steps than of an only draw",
      { draws: undefined, resume: { step: 4, nats: [nats(), nats()] } },
      "most 3 steps",
    ],
    ["a step below none", { resume: { step: -1, nats: [] } }, "resume.step is -1"],
    ["half a step", { resume: { step: 0.5, nats: [nats()] } }, "resume.step is 0.5"],
    ["a step that is no number", { resume: { step: "1", nats: [nats()] } }, 'resume.step is "1"'],
    ["a draw too few", { resume: { step: 4, nats: [nats()] } }, "nats of 1 draws"],
    ["a draw too many", { resume: { step: 3, nats: [nats(), nats()] } }, "nats of 2 draws"],
    ["other sequences", { resume: { step: 4, nats: [nats(), new Float64Array(3)] } }, "2 draws over 2, 3 sequences"],
    ["no nats", { resume: { step: 1, nats: null } }, "resume.nats is null"],
    ["a word for nats", { resume: { step: 1, nats: "x" } }, 'resume.nats is "x"'],
    ["a draw that is none", { resume: { step: 1, nats: [null] } }, "resume.nats is [null]"],
    ["nats that JSON has lost", { resume: JSON.parse(JSON.stringify({ step: 1, nats: [nats()] })) }, "resume.nats is"],
    ["nats that are no numbers", { resume: { step: 1, nats: [["a", 1]] } }, "resume.nats is"],
    ["nats that are not finite", { resume: { step: 1, nats: [Float64Array.of(0, Number.NaN)] } }, "resume.nats is"],
    ["a state without steps", { resume: { nats: [] } }, "resume.step is missing"],
    ["no draws", { draws: 0 }, "draws is 0"],
    ["a seed below 0", { seed: -1 }, "seed is -1; expected a whole number from 0 or a RandomStream"],
    ["a word for a seed", { seed: "9" }, 'seed is "9"'],
    ["rows that are none", { rows: "33" }, 'rows is "33"; expected rows of level indices'],
    ["no timesteps", { timesteps: 0 }, "timesteps is 0"],
    [
      "more timesteps than levels",
      {
        timesteps: 4,
        rows: [
          [4, 4],
          [0, 0],
        ],
      },
      "4 steps over 3 levels",
    ],
    ["too large a variance", { variance: 1.5 }, "variance is 1.5"],
    ["a variance below 0", { variance: -0.5 }, "variance is -0.5"],
    ["an unknown reconstruction", { reconstruction: { kind: "cells" } }, "reconstruction"],
    ["a grid of one value", { reconstruction: { kind: "grid", values: 1 } }, "values is 1"],
    ["cells of no grid", { reconstruction: { kind: "normal", values: 4 } }, "values"],
    ["an unknown option", { levels: 3 } as never, "there is no option levels"],
    ["no backend", { backend: {} }, "backend is"],
    ["no signal", { signal: {} }, "signal is"],
    ["unknown weights", { parameters: { w: tensor([1]) } }, 'no parameter "w"'],
    ["other tokens", { tokens: tensor([1], [1, 1]) }, "expected float32[B, T, 1]"],
    ["tokens that are not finite", { tokens: tensor([0, 0, Number.NaN, 0], [2, 2, 1]) }, "NaN at element 2"],
    [
      "a condition that the model does not take",
      { condition: tensor([1, 1, 1, 1], [2, 2, 1]) },
      "the model takes none",
    ],
    [
      "a column that ends half way",
      {
        rows: [
          [3, 3],
          [0, 2],
        ],
      },
      "column 1 falls from 3 to 2",
    ],
    [
      "a column that begins half way",
      {
        rows: [
          [2, 3],
          [0, 0],
        ],
      },
      "column 0 falls from 2 to 0",
    ],
    [
      "a column that rises",
      {
        rows: [
          [3, 0],
          [0, 3],
        ],
      },
      "row 1, column 1 is 3",
    ],
    ["too few columns", { rows: [[3], [0]] }, "expected 2"],
    [
      "nothing to score",
      {
        rows: [
          [3, 0],
          [3, 0],
        ],
      },
      "every column stays",
    ],
    ["a single row", { rows: [[3, 3]] }, "every column stays"],
  ])("refuses %s", (_name, more, message) => {
    expect(() => checked(more)).toThrow(message);
  });

  it("tells a state of other work from rows that are none, by code", () => {
    expect(() => checked({ resume: { step: 9, nats: [] } })).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        message: expect.stringContaining("at most 6 steps, 3 draws and 2 sequences. Resume with the options"),
      }),
    );
    expect(() =>
      checked({
        rows: [
          [3, 0],
          [3, 0],
        ],
      }),
    ).toThrow(expect.objectContaining({ code: "invalid-scheduling-matrix" }));
  });
});
