import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../../engine/errors.js";
import { concat, slice } from "../../engine/graph/operations.js";
import { optimize } from "../../engine/graph/passes/index.js";
import { trace } from "../../engine/graph/trace.js";
import type { TensorType, Value } from "../../engine/graph/value.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { type HostTensor, type HostTensorRecord, tensor } from "../../engine/tensor/tensor.js";
import { drawnParameters } from "../../testing/apply-model.js";
import { drawTensor } from "../../testing/values.js";
import { memoryOf } from "../memory.js";
import type { MemoryValues } from "../model.js";
import { sinusoidTable } from "../sinusoid.js";
import { transformer } from "./transformer.js";

// A plain transformer for one sequence, in doubles and loops over rows, with any pattern of who sees whom.

type Rows = number[][];

function plainTransformer(
  { width, heads, layers }: { width: number; heads: number; layers: number },
  parameters: HostTensorRecord,
  tokens: Rows,
  noiseLevels: readonly number[],
  sees: (i: number, j: number) => boolean,
): Rows {
  const dense = (name: string, x: number[]): number[] => {
    const { shape, data } = parameters[`${name}.weight`]!;
    const [outputs, inputs] = shape as [number, number];
    return Array.from({ length: outputs }, (_, o) =>
      x.reduce((sum, value, i) => sum + value * data[o * inputs + i]!, parameters[`${name}.bias`]!.data[o]!),
    );
  };
  const norm = (name: string, x: number[]): number[] => {
    const mean = x.reduce((a, b) => a + b) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    const [scale, bias] = [parameters[`${name}.scale`]!.data, parameters[`${name}.bias`]!.data];
    return x.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * scale[i]! + bias[i]!);
  };
  const relu = (x: number[]): number[] => x.map((value) => Math.max(0, value));
  const plus = (a: number[], b: number[]): number[] => a.map((value, i) => value + b[i]!);
  const depth = width / heads;
  const turn = (x: number[], position: number): number[] =>
    x.map((value, i) => {
      const angle = position * 100 ** (-(2 * Math.floor(i / 2)) / depth);
      const partner = i % 2 === 0 ? -x[i + 1]! : x[i - 1]!;
      return value * Math.cos(angle) + partner * Math.sin(angle);
    });
  const table = sinusoidTable(-1, 11, width / 2);
  const level = (k: number): number[] => [...table.data.slice((k * width) / 2, ((k + 1) * width) / 2)];
  let hidden = tokens.map((token, t) =>
    dense("embedding2", relu(dense("embedding1", [...token, ...level(noiseLevels[t]!)]))),
  );
  for (let layer = 0; layer < layers; layer++) {
    const name = `layers.${layer}`;
    const project = (role: string): Rows => hidden.map((x) => dense(`${name}.attention.${role}`, x));
    const [queries, keys, values] = [project("query"), project("key"), project("value")] as [Rows, Rows, Rows];
    const mixed = queries.map((query, i) =>
      Array.from({ length: heads }, (_, head) => {
        const own = (x: number[]): number[] => x.slice(head * depth, (head + 1) * depth);
        const seen = tokens.map((_, j) => j).filter((j) => sees(i, j));
        const weights = seen.map((j) => {
          const [q, k] = [turn(own(query), i), turn(own(keys[j]!), j)];
          return Math.exp(q.reduce((sum, value, d) => sum + value * k[d]!, 0) / Math.sqrt(depth));
        });
        const total = weights.reduce((a, b) => a + b);
        // Each value turned by how far it lies from the token that reads it.
        const turned = seen.map((j) => turn(own(values[j]!), j - i));
        return Array.from({ length: depth }, (_, d) =>
          turned.reduce((sum, value, n) => sum + (weights[n]! / total) * value[d]!, 0),
        );
      }).flat(),
    );
    hidden = hidden.map((x, t) => norm(`${name}.norm1`, plus(x, dense(`${name}.attention.output`, mixed[t]!))));
    hidden = hidden.map((x) =>
      norm(`${name}.norm2`, plus(x, dense(`${name}.feedForward2`, relu(dense(`${name}.feedForward1`, x))))),
    );
  }
  return hidden.map((x) => dense("output", x));
}

const size = { positions: "rotary", features: 2, width: 16, layers: 3, heads: 2, feedForward: 12 } as const;
const model = transformer(size);
const memory = memoryOf(model);
const parameters = drawnParameters(model);
const length = 11;
const sequence = drawTensor({ dtype: "float32", shape: [1, length, 2], low: -1.5, high: 1.5 }, 7);
const levels = Array.from({ length }, (_, t) => (3 * t) % 11);
const inputs: HostTensorRecord = {
  ...parameters,
  tokens: sequence,
  levels: tensor(Int32Array.from(levels), [1, length]),
};

const rowsOf = ({ data }: HostTensor): Rows =>
  Array.from({ length: data.length / 2 }, (_, t) => [...data.slice(2 * t, 2 * t + 2)]);

/** Read in chunks by a memory of `tokens` tokens. */
function readInChunks(tokens: number, chunks: readonly number[]): { output: Rows; filled: number } {
  const graph = trace(inputs, (values) => {
    let state: MemoryValues = memory.initial(values, { batch: 1, tokens });
    let start = 0;
    const outputs = chunks.map((chunk) => {
      const part = (name: "tokens" | "levels"): Value => slice(values[name]!, 1, start, start + chunk);
      const given = { tokens: part("tokens"), noiseLevels: part("levels"), levelCount: 10 };
      const read = memory.advance(values, state, given);
      start += chunk;
      state = read.memory;
      return read.output;
    });
    return { output: concat(outputs, 1), filled: state.filled! };
  });
  const found = evaluateGraph(graph, inputs);
  return { output: rowsOf(found.output!), filled: found.filled!.data[0]! };
}

/** The first token of the chunk that each token belongs to. */
const chunkStarts = (chunks: readonly number[]): number[] => {
  let start = 0;
  return chunks.flatMap((chunk) => {
    start += chunk;
    return new Array<number>(chunk).fill(start - chunk);
  });
};

function distance(found: Rows, expected: Rows): number {
  const scale = Math.max(...expected.flat().map(Math.abs));
  return Math.max(...found.flatMap((row, t) => row.map((x, c) => Math.abs(x - expected[t]![c]!)))) / scale;
}

const plain = (sees: (i: number, j: number) => boolean): Rows =>
  plainTransformer(size, parameters, rowsOf(sequence), levels, sees);

describe("the memory of a transformer", () => {
  it("apply agrees with plain attention in doubles, rotations being those of places in the sequence", () => {
    const graph = trace(inputs, (values) => ({
      output: model.apply(values, { tokens: values.tokens!, noiseLevels: values.levels!, levelCount: 10 }),
    }));
    expect(
      distance(
        rowsOf(evaluateGraph(graph, inputs).output!),
        plain((i, j) => j <= i),
      ),
    ).toBeLessThan(1e-5);
  });

  it.each([
    [new Array<number>(11).fill(1), 11],
    [[2, 2, 2, 2, 2, 1], 11],
    [[3, 3, 3, 2], 9],
    [[1, 4, 2, 3, 1], 10],
    [[11], 3],
  ])("within the window reads chunks of %j as one sequence", (chunks, tokens) => {
    const { output, filled } = readInChunks(tokens, chunks);
    expect(
      distance(
        output,
        plain((i, j) => j <= i),
      ),
    ).toBeLessThan(1e-5);
    expect(filled).toBe(Math.min(11, tokens));
  });

  it.each([
    [new Array<number>(11).fill(1), 3],
    [[2, 2, 2, 2, 2, 1], 3],
    [[3, 3, 3, 2], 2],
    [[1, 4, 2, 3, 1], 2],
  ])(
    "past the window each token of chunks %j sees %d tokens before its chunk, whose keys had seen older ones",
    (chunks, tokens) => {
      const { output, filled } = readInChunks(tokens, chunks);
      const first = chunkStarts(chunks);
      expect(
        distance(
          output,
          plain((i, j) => j <= i && j >= first[i]! - tokens),
        ),
      ).toBeLessThan(1e-5);
      expect(filled).toBe(tokens);
      // Another token seen, or none forgotten, would show.
      expect(
        distance(
          output,
          plain((i, j) => j <= i && j >= first[i]! - tokens - 1),
        ),
      ).toBeGreaterThan(1e-3);
      expect(
        distance(
          output,
          plain((i, j) => j <= i),
        ),
      ).toBeGreaterThan(1e-3);
    },
  );

  it("forgets: in the end nothing is left of the oldest tokens", () => {
    // Three layers and room for three tokens: a token's trace is gone after nine.
    const chunks = new Array<number>(11).fill(1);
    const before = readInChunks(3, chunks).output[10]!;
    const first = sequence.data[0]!;
    sequence.data[0] = 100;
    const after = readInChunks(3, chunks).output[10]!;
    sequence.data[0] = first;
    expect(after).toEqual(before);
  });

  it("turns what is remembered once, however many steps a graph walks from it", () => {
    const types = memory.types({ batch: 1, tokens: 5 });
    const nodes = (steps: number): Record<string, number> => {
      const given: Record<string, TensorType> = { ...parameters, ...types, x: { dtype: "float32", shape: [1, 1, 2] } };
      const graph = trace<string>({ ...given, level: { dtype: "int32", shape: [1, 1] } }, (values) => {
        const remembered = Object.fromEntries(Object.keys(types).map((name) => [name, values[name]!]));
        let x = values.x!;
        for (let i = 0; i < steps; i++) {
          const chunk = { tokens: x, noiseLevels: values.level!, levelCount: 10 };
          x = memory.advance(values, remembered, chunk).output;
        }
        return { x };
      });
      const count: Record<string, number> = {};
      for (const { op } of optimize(graph).nodes) count[op] = (count[op] ?? 0) + 1;
      return count;
    };
    const [one, two, three] = [nodes(1), nodes(2), nodes(3)] as [
      Record<string, number>,
      Record<string, number>,
      Record<string, number>,
    ];
    // Past the first step a layer costs two products, two joins and a softmax.
    expect(three.matmul! - two.matmul!).toBe(2 * size.layers);
    expect(three.softmax! - two.softmax!).toBe(size.layers);
    expect(three.transpose ?? 0).toBe(0);
    expect(one.matmul! - (two.matmul! - one.matmul!)).toBe(2 * size.layers);
    expect([three.less, three.where]).toEqual([1, 1]);
  });

  it("is absent where it would be wrong, and who asks for it is told why", () => {
    const complaint = (options: object): string => {
      try {
        memoryOf(transformer({ ...size, ...options }));
      } catch (error) {
        return isDiffusionForcingError(error, "invalid-config") ? error.message : String(error);
      }
      return "present";
    };
    expect(complaint({})).toBe("present");
    expect(complaint({ positions: "sinusoidal" })).toMatch(
      /"transformer" with sinusoidal positions has no memory: .* `positions: "rotary"`/,
    );
    expect(complaint({ causal: false })).toMatch(/"transformer" that is not causal has no memory: .* `causal: true`/);
  });

  it("refuses sizes that are none", () => {
    expect(() => memory.types({ batch: 1, tokens: 0 })).toThrow("A memory for a batch of 1 and 0 tokens; expected");
  });
});
