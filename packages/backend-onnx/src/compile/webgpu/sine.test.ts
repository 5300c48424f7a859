import { tensor } from "@diffusion-forcing/core";
import { evaluateGraph, trace } from "@diffusion-forcing/core/graph";
import { expect, it } from "vitest";
import { cosine, sine } from "./sine.js";

it("agrees with Math.sin and Math.cos to 2e-7, far from zero to 5e-7", () => {
  for (const [limit, tolerance] of [
    [20, 2e-7],
    [2000, 5e-7],
  ] as const) {
    const data = Float32Array.from({ length: 4001 }, (_, i) => (limit * (i - 2000)) / 2000);
    const { s, c } = evaluateGraph(
      trace({ x: tensor(data) }, ({ x }) => ({ s: sine(x), c: cosine(x) })),
      { x: tensor(data) },
    );
    data.forEach((x, i) => {
      expect(Math.abs((s?.data[i] as number) - Math.sin(x))).toBeLessThan(tolerance);
      expect(Math.abs((c?.data[i] as number) - Math.cos(x))).toBeLessThan(tolerance);
    });
  }
});
