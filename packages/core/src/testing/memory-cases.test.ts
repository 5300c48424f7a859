import { describe, expect, it } from "vitest";
import { type ArrayTensor, evaluateGraph, evaluateInDoubles } from "../engine/reference/index.js";
import { memoryCases, memoryProblem } from "./memory-cases.js";

/** The largest difference, relative to the largest element. */
function distance(a: ArrayTensor, b: ArrayTensor): number {
  const scale = Math.max(...Array.from(b.data, Math.abs));
  return Math.max(...Array.from(a.data, (x, i) => Math.abs(x - (b.data[i] as number)))) / scale;
}

const doubles = (inputs: Readonly<Record<string, ArrayTensor>>): Record<string, ArrayTensor> =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [
      name,
      value.dtype === "float32" ? { ...value, data: Float64Array.from(value.data) } : value,
    ]),
  );

describe("memories of models", () => {
  it.each(memoryCases)("$name: read in chunks, a sequence gives what it gives at once", (memoryCase) => {
    const { inputs, whole, chunked } = memoryProblem(memoryCase);
    const [found, expected] = [evaluateGraph(chunked(), inputs).output!, evaluateGraph(whole(), inputs).output!];
    expect(distance(found, expected)).toBeLessThan(1e-5);
    const precise = evaluateInDoubles(chunked(), doubles(inputs)).output!;
    // The tables of sines and cosines are of single precision in any case.
    expect(distance(precise, evaluateInDoubles(whole(), doubles(inputs)).output!)).toBeLessThan(5e-7);
  });

  it.each(memoryCases)("$name: the gradient by the chunk agrees with differences, in doubles", (memoryCase) => {
    const { inputs, initial, step } = memoryProblem(memoryCase);
    const [first, second] = memoryCase.chunks as [number, number];
    const start = evaluateInDoubles(initial(), doubles(inputs));
    const {
      output: _output,
      slope: _slope,
      ...memory
    } = evaluateInDoubles(step(0, first), {
      ...doubles(inputs),
      ...start,
    });
    const graph = step(first, first + second);
    const given = doubles(inputs);
    const { slope } = evaluateInDoubles(graph, { ...given, ...memory });
    const size = slope!.data.length / memoryCase.batch / second;
    const stride = given.tokens!.data.length / memoryCase.batch;
    /** Of sum(output * tokens), the tokens that it is weighted by standing still. */
    const objective = (moved: Float64Array): number => {
      const { output } = evaluateInDoubles(graph, { ...given, ...memory, tokens: { ...given.tokens!, data: moved } });
      let total = 0;
      for (const [i, value] of output!.data.entries()) {
        const [b, rest] = [Math.floor(i / (size * second)), i % (size * second)];
        total += value * (given.tokens!.data[b * stride + first * size + rest] as number);
      }
      return total;
    };
    const step0 = 1e-5;
    for (const [i, value] of slope!.data.slice(0, Math.min(5, size * second)).entries()) {
      const at = (offset: number): number => {
        const moved = Float64Array.from(given.tokens!.data);
        moved[first * size + i] = (moved[first * size + i] as number) + offset;
        return objective(moved);
      };
      const { output } = evaluateInDoubles(graph, { ...given, ...memory });
      // The weight moves with its token: d(output * token) has the output itself as a second part.
      const expected = (at(step0) - at(-step0)) / (2 * step0) + (output!.data[i] as number);
      expect(value).toBeCloseTo(expected, 5);
    }
  });
});
