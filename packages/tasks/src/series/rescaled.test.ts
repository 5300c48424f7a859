import { createRandom } from "@diffusion-forcing/core";
import { expect, it } from "vitest";
import { correlationsOf } from "./dependence.js";
import { seriesOfBundle } from "./record.js";
import { rescaledTo } from "./rescaled.js";
import { gaussianBundle } from "./testing/gaussian-bundle.js";

const table = (...values: number[]) => ({ columns: ["load"], values: Float64Array.from(values) });

it("other series are normalised by their own changes, and called by their own names", () => {
  const { record, normalization } = seriesOfBundle(rescaledTo(gaussianBundle({}, [1]), table(0, 3, -1, -1, 4, 4)));
  expect([record.columns, record.representation, record.context]).toEqual([["load"], "difference", 4]);
  // Changes of 3, -4, 0, 5 and 0: a mean square of 10.
  expect(normalization.config).toMatchObject({ mean: [0], std: [Math.sqrt(10)] });
});

it("logarithms give way to differences where a value has none", () => {
  const bundle = gaussianBundle({ representation: "log-return" }, [1]);
  expect(seriesOfBundle(rescaledTo(bundle, table(1, 2, 4, 2, 1))).record.representation).toBe("log-return");
  expect(seriesOfBundle(rescaledTo(bundle, table(1, 2, 0, 2, Number.NaN))).record.representation).toBe("difference");
});

it("refuses as many columns as the model does not have", () => {
  expect(() => rescaledTo(gaussianBundle({}, [1, 1]), table(1, 2))).toThrow(
    "The table has 1 columns; the model reads 2.",
  );
});

it("other series go together as they do themselves, whatever the model's did", () => {
  const bundle = gaussianBundle({ factors: [[0.9], [-0.9]] }, [1, 1]);
  const random = createRandom(3);
  const at = [0, 0];
  const values = Array.from({ length: 400 }, () => random.normal()).flatMap((step) =>
    at.map((_, c) => (at[c] = (at[c] as number) + step * (c + 1))),
  );
  const { record } = seriesOfBundle(rescaledTo(bundle, { columns: ["a", "b"], values: Float64Array.from(values) }));
  expect(correlationsOf(record.factors)[0]?.[1]).toBeGreaterThan(0.85);
});
