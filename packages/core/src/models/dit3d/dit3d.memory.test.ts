import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../../engine/errors.js";
import { concat, slice } from "../../engine/graph/operations.js";
import { trace } from "../../engine/graph/trace.js";
import type { Value } from "../../engine/graph/value.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { type HostTensorRecord, tensor } from "../../engine/tensor/tensor.js";
import { drawnParameters } from "../../testing/apply-model.js";
import { normalDistribution } from "../../testing/statistics.js";
import { drawTensor } from "../../testing/values.js";
import { memoryOf } from "../memory.js";
import type { MemoryValues } from "../model.js";
import { cosineFirstTable } from "../sinusoid.js";
import type { DiT3dOptions } from "./config.js";
import { dit3d } from "./dit3d.js";
import { patchRotaryTables } from "./positions.js";

// A plain dit3d for one sequence of frames [1, 2, 4], two patches each, in doubles and loops over rows, with any pattern
// of which frame sees which.

type Rows = number[][];

const size = { tokenShape: [1, 2, 4], width: 12, heads: 2, layers: 4, feedForward: 10 } as const;
const patches = 2;
const levels = 10;

function plainDiT3d(
  attention: "full" | "factorized",
  parameters: HostTensorRecord,
  frames: Rows,
  noiseLevels: readonly number[],
  sees: (i: number, j: number) => boolean,
): Rows {
  const { width, heads, layers } = size;
  const depth = width / heads;
  const dense = (name: string, x: number[]): number[] => {
    const { shape, data } = parameters[`${name}.weight`]!;
    const [outputs, inputs] = shape as [number, number];
    return Array.from({ length: outputs }, (_, o) =>
      x.reduce((sum, value, i) => sum + value * data[o * inputs + i]!, parameters[`${name}.bias`]!.data[o]!),
    );
  };
  const silu = (x: number[]): number[] => x.map((value) => value / (1 + Math.exp(-value)));
  const gelu = (x: number[]): number[] => x.map((value) => value * normalDistribution(value));
  const standard = (x: number[]): number[] => {
    const mean = x.reduce((a, b) => a + b) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    return x.map((value) => (value - mean) / Math.sqrt(variance + 1e-6));
  };
  const modulated = (x: number[], shift: number[], scale: number[]): number[] =>
    standard(x).map((value, i) => value * (1 + scale[i]!) + shift[i]!);
  const part = (x: number[], i: number): number[] => x.slice(i * width, (i + 1) * width);
  const table = cosineFirstTable(0, levels + 1, width);
  const embeddings = noiseLevels.map((k) =>
    silu(dense("level2", silu(dense("level1", [...table.data.slice(k * width, (k + 1) * width)])))),
  );
  // Rows frame by frame, patch by patch; a patch holds 2 x 2 of 2 x 4 numbers.
  const frameOf = (row: number): number => Math.floor(row / patches);
  let rows = frames.flatMap((frame) =>
    [0, 1].map((p) => dense("patches", [frame[2 * p]!, frame[2 * p + 1]!, frame[4 + 2 * p]!, frame[5 + 2 * p]!])),
  );
  const grid = { rows: 1, columns: 2, features: 4 };
  const single = { rows: 1, columns: 1, features: 0 };
  const rotation = (reach: string): { cosines: Rows; sines: Rows } => {
    const tables =
      reach === "all"
        ? patchRotaryTables(frames.length, { time: true, grid }, depth)
        : reach === "frame"
          ? patchRotaryTables(1, { time: false, grid }, depth)
          : patchRotaryTables(frames.length, { time: true, grid: single }, depth);
    const at = (row: number): number => (reach === "all" ? row : reach === "frame" ? row % patches : frameOf(row));
    const pick = (data: Float32Array): Rows =>
      rows.map((_, row) => [...data.slice(at(row) * depth, (at(row) + 1) * depth)]);
    return { cosines: pick(tables.cosines.data), sines: pick(tables.sines.data) };
  };
  for (let layer = 0; layer < layers; layer++) {
    const name = `layers.${layer}`;
    const reach = attention === "full" ? "all" : layer % 2 === 0 ? "frame" : "time";
    const visible = (i: number, j: number): boolean => {
      if (reach === "frame") return frameOf(i) === frameOf(j);
      return sees(frameOf(i), frameOf(j)) && (reach === "all" || i % patches === j % patches);
    };
    const { cosines, sines } = rotation(reach);
    const turn = (x: number[], row: number): number[] =>
      x.map((value, i) => {
        const partner = i % 2 === 0 ? -x[i + 1]! : x[i - 1]!;
        return value * cosines[row]![i]! + partner * sines[row]![i]!;
      });
    const modulations = embeddings.map((embedding) => dense(`${name}.modulation`, embedding));
    const projected = rows.map((x, row) => {
      const own = modulations[frameOf(row)]!;
      return dense(`${name}.projection`, modulated(x, part(own, 0), part(own, 1)));
    });
    const mixed = rows.map((_, i) =>
      Array.from({ length: heads }, (_, head) => {
        const own = (row: number, which: number): number[] =>
          part(projected[row]!, which).slice(head * depth, (head + 1) * depth);
        const seen = rows.map((_, j) => j).filter((j) => visible(i, j));
        const query = turn(own(i, 0), i);
        const weights = seen.map((j) => {
          const key = turn(own(j, 1), j);
          return Math.exp(query.reduce((sum, value, d) => sum + value * key[d]!, 0) / Math.sqrt(depth));
        });
        const total = weights.reduce((a, b) => a + b);
        return Array.from({ length: depth }, (_, d) =>
          seen.reduce((sum, j, n) => sum + (weights[n]! / total) * own(j, 2)[d]!, 0),
        );
      }).flat(),
    );
    rows = rows.map((x, row) => {
      const own = modulations[frameOf(row)]!;
      const attended = dense(`${name}.output`, mixed[row]!);
      const first = x.map((value, i) => value + part(own, 2)[i]! * attended[i]!);
      const hidden = gelu(dense(`${name}.feedForward1`, modulated(first, part(own, 3), part(own, 4))));
      const transformed = dense(`${name}.feedForward2`, hidden);
      return first.map((value, i) => value + part(own, 5)[i]! * transformed[i]!);
    });
  }
  const outputs = rows.map((x, row) => {
    const own = dense("modulation", embeddings[frameOf(row)]!);
    return dense("output", modulated(x, part(own, 0), part(own, 1)));
  });
  return frames.map((_, t) => {
    const [a, b] = [outputs[2 * t]!, outputs[2 * t + 1]!];
    return [a[0]!, a[1]!, b[0]!, b[1]!, a[2]!, a[3]!, b[2]!, b[3]!];
  });
}

const length = 8;
const sequence = drawTensor({ dtype: "float32", shape: [1, length, 1, 2, 4], low: -1.5, high: 1.5 }, 7);
const noiseLevels = Array.from({ length }, (_, t) => (3 * t) % 11);
const rowsOf = (data: ArrayLike<number>): Rows =>
  Array.from({ length: data.length / 8 }, (_, t) => Array.from(data).slice(8 * t, 8 * t + 8));

function distance(found: Rows, expected: Rows): number {
  const scale = Math.max(...expected.flat().map(Math.abs));
  return Math.max(...found.flatMap((row, t) => row.map((x, c) => Math.abs(x - expected[t]![c]!)))) / scale;
}

describe.each(["full", "factorized"] as const)("the memory of a dit3d with %s attention", (attention) => {
  const model = dit3d({ ...size, attention });
  const memory = memoryOf(model);
  const parameters = drawnParameters(model);
  const inputs: HostTensorRecord = {
    ...parameters,
    tokens: sequence,
    levels: tensor(Int32Array.from(noiseLevels), [1, length]),
  };
  const plain = (sees: (i: number, j: number) => boolean): Rows =>
    plainDiT3d(attention, parameters, rowsOf(sequence.data), noiseLevels, sees);

  function readInChunks(tokens: number, chunks: readonly number[]): Rows {
    const graph = trace(inputs, (values) => {
      let state: MemoryValues = memory.initial(values, { batch: 1, tokens });
      let start = 0;
      const outputs = chunks.map((chunk) => {
        const part = (name: "tokens" | "levels"): Value => slice(values[name]!, 1, start, start + chunk);
        const given = { tokens: part("tokens"), noiseLevels: part("levels"), levelCount: levels };
        const read = memory.advance(values, state, given);
        start += chunk;
        state = read.memory;
        return read.output;
      });
      return { output: concat(outputs, 1) };
    });
    return rowsOf(evaluateGraph(graph, inputs).output!.data);
  }

  it.each([
    [[1, 1, 1, 1, 1, 1, 1, 1], 8],
    [[3, 2, 1, 2], 6],
  ])("within the window reads chunks of %j as one sequence", (chunks, tokens) => {
    expect(
      distance(
        readInChunks(tokens, chunks),
        plain((i, j) => j <= i),
      ),
    ).toBeLessThan(1e-5);
  });

  it.each([
    [[1, 1, 1, 1, 1, 1, 1, 1], 2],
    [[2, 1, 3, 2], 3],
  ])("past the window each frame of chunks %j sees %d frames before its chunk", (chunks, tokens) => {
    const starts = chunks.flatMap((chunk, i) =>
      new Array<number>(chunk).fill(chunks.slice(0, i).reduce((a, b) => a + b, 0)),
    );
    const found = readInChunks(tokens, chunks);
    expect(
      distance(
        found,
        plain((i, j) => j <= i && j >= starts[i]! - tokens),
      ),
    ).toBeLessThan(1e-5);
    expect(
      distance(
        found,
        plain((i, j) => j <= i && j >= starts[i]! - tokens - 1),
      ),
    ).toBeGreaterThan(1e-4);
    expect(
      distance(
        found,
        plain((i, j) => j <= i),
      ),
    ).toBeGreaterThan(1e-4);
  });

  it("is absent where it would be wrong, and who asks for it is told why", () => {
    const complaint = (options: Partial<DiT3dOptions>): string => {
      try {
        memoryOf(dit3d({ ...size, attention, ...options }));
      } catch (error) {
        return isDiffusionForcingError(error, "invalid-config") ? error.message : String(error);
      }
      return "present";
    };
    expect(complaint({})).toBe("present");
    expect(complaint({ positions: "sinusoidal" })).toMatch(/with sinusoidal positions has no memory: .*"rotary"/);
    expect(complaint({ causal: false })).toMatch(/that is not causal has no memory: .*`causal: true`/);
  });
});
