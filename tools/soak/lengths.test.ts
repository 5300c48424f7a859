import { referenceBackend } from "@diffusion-forcing/core";
import { expect, it } from "vitest";
import { copiesAtLengths } from "./lengths.js";

it.skipIf(process.platform !== "linux")(
  "samples every length and says what the process took, in copies of the weights (needs /proc)",
  async () => {
    const inner = referenceBackend();
    const compiled: number[] = [];
    const backend: typeof inner = {
      ...inner,
      compile: (graph, options) => {
        const x = graph.inputs.find(({ attributes }) => attributes.name === "x");
        if (x?.shape.length === 3) compiled.push(x.shape[1] as number);
        return inner.compile(graph, options);
      },
    };
    const size = { features: 2, width: 8, layers: 1, heads: 1, feedForward: 8 };
    const { weights, held, peak, end } = await copiesAtLengths(backend, 3, 2, size);
    expect(weights).toBeGreaterThan(1000);
    expect([...new Set(compiled)]).toEqual([1, 2, 3]);
    expect(peak).toBeGreaterThanOrEqual(end);
    expect(Number.isFinite(held)).toBe(true);
  },
);
