import { describe, expect, it } from "vitest";
import { gradient } from "../engine/autodiff/index.js";
import { sum } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { transformer } from "../models/transformer/index.js";
import { drawnParameters } from "../testing/apply-model.js";
import { familyDiffusion as diffusion } from "../testing/fixtures/families.js";
import { noCondition, selfLabels } from "./self-labels.js";

const options = { diffusion, feature: "layers.1", prototypes: 3 } as const;

describe("selfLabels", () => {
  it("looks at sequences through 15 % of the levels, with a prototype as long as a condition", () => {
    const { per, level, head, parameters } = selfLabels(options);
    expect([per, level, head.size, head.features, head.prototypes]).toEqual(["sequence", 3, 4, 8, 3]);
    const own = Object.keys(parameters).filter((name) => name.startsWith("prototypes."));
    expect(own).toEqual(Object.keys(head.parameters).map((name) => `prototypes.${name}`));
    expect(Object.keys(parameters).length).toBe(own.length + Object.keys(diffusion.model.parameters).length);
  });

  const given = {
    ...drawnParameters({ parameters: selfLabels(options).parameters }),
    tokens: tensor([1, 1, -1, -1, 0.5, -0.5], [3, 2, 1]),
    noise: tensor([0.1, -0.2, 0.3, 0.4, -0.5, 0.6], [3, 2, 1]),
  };
  const scoresOf = (per: "sequence" | "token", level = 3) => {
    const labels = selfLabels({ ...options, per, level });
    const graph = trace<string>(given, (values) => ({ scores: labels.scores(values, values.tokens!, values.noise!) }));
    return evaluateGraph(graph, given).scores!;
  };

  it("scores sequences, or their tokens in order, by cosines", () => {
    const [whole, each] = [scoresOf("sequence"), scoresOf("token")];
    expect([whole.shape, each.shape]).toEqual([
      [3, 3],
      [6, 3],
    ]);
    expect(Math.max(...[...whole.data, ...each.data].map(Math.abs))).toBeLessThanOrEqual(1 + 1e-6);
    expect([...scoresOf("sequence", 0).data]).not.toEqual([...whole.data]);
  });

  it("lets no slope through to the model, and one to the head", () => {
    const labels = selfLabels(options);
    const names = Object.keys(labels.parameters);
    const graph = trace<string>(given, (values) => {
      const total = sum(labels.scores(values, values.tokens!, values.noise!));
      const slopes = gradient(
        total,
        names.map((name) => values[name]!),
      );
      return Object.fromEntries(names.map((name, i) => [name, slopes[i]!]));
    });
    const moved = Object.entries(evaluateGraph(graph, given)).filter(([, { data }]) => data.some((x) => x !== 0));
    expect(moved.map(([name]) => name).filter((name) => !name.startsWith("prototypes."))).toEqual([]);
    expect(moved.map(([name]) => name)).toContain("prototypes.prototypes");
  });

  const bare = {
    ...diffusion,
    model: transformer({ features: 1, width: 8, layers: 2, heads: 1, conditionFeatures: 1 }),
  };
  it.each<[object, string, string]>([
    [{ prototypes: 1 }, "invalid-argument", "prototypes is 1; expected a whole number from 2"],
    [{ level: 21 }, "invalid-argument", "level is 21; expected 0 to 20."],
    [{ level: -1 }, "invalid-argument", "level is -1; expected a whole number from 0"],
    [{ per: "batch" }, "invalid-argument", 'per is "batch"; expected "sequence" or "token"'],
    [{ feature: null }, "invalid-argument", "feature is null; expected the name of a feature"],
    [{ feature: "layers.2" }, "invalid-argument", 'no feature "layers.2"'],
    [{ diffusion: null }, "invalid-argument", "diffusion is null"],
    [
      { diffusion: bare },
      "invalid-config",
      "the model takes 1 condition features; expected at least 2, for a prototype.",
    ],
  ])("refuses %o", (wrong, code, message) => {
    expect(() => selfLabels({ ...options, ...wrong } as never)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});

it("has a null condition for every token, whatever the tokens", () => {
  const tokens = tensor([5, -7, 3, 2], [2, 2, 1]);
  const graph = trace({ tokens }, ({ tokens: values }) => ({ none: noCondition(diffusion, values) }));
  const { shape, data } = evaluateGraph(graph, { tokens }).none!;
  expect([shape, data.every((x) => x === 0)]).toEqual([[2, 2, 4], true]);
});
