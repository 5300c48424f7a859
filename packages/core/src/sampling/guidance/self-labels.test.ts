import { describe, expect, it } from "vitest";
import type { SelfLabels } from "../../diffusion/self-labels.js";
import { add, concat, mul, reshape, sum } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { smallPath } from "../../testing/small-path.js";
import { selfLabeler } from "./self-labels.js";

const process = { ...smallPath(), noiseClip: 0.25 };
const parameters = {
  sign: tensor([1], [1]),
  "prototypes.rows": tensor([1, 0, 0, 1, 0.6, 0.8], [3, 2]),
  "data.minimum": tensor([-9]),
  "data.maximum": tensor([9]),
};

/** Three prototypes; an item whose tokens, and a tenth of whose noise, add up to s has the scores -s, 0 and s. */
function labelsOf(per: "sequence" | "token"): SelfLabels {
  const spec = (...shape: number[]) => ({ shape, initializer: { kind: "ones" as const } });
  const model = { config: { kind: "test" }, tokenShape: [1], conditionFeatures: 2, parameters: { sign: spec(1) } };
  return {
    diffusion: { model, process, lossWeighting: { kind: "uniform" } },
    ...{ feature: "middle", prototypes: 3, per, level: 1 },
    parameters: { sign: spec(1), "prototypes.rows": spec(3, 2) },
    head: {
      ...{ features: 1, prototypes: 3, size: 2, parameters: { rows: spec(3, 2) } },
      prototypesOf: ({ rows }: Record<string, ReturnType<typeof tensor>>) =>
        [0, 2, 4].map((start) => Float32Array.from(rows!.data.subarray(start, start + 2))),
    },
    scores: ({ sign, "prototypes.rows": rows }: Record<string, Value>, tokens: Value, noise: Value) => {
      // The head's own weights are there too; they count for nothing here.
      const items = add(add(tokens, mul(noise, 0.1)), mul(sum(rows!), 0));
      const own = per === "sequence" ? sum(items, [1, 2]) : reshape(items, [-1]);
      const column = reshape(mul(own, sign!), [-1, 1]);
      return concat([mul(column, -1), mul(column, 0), column], 1);
    },
  } as unknown as SelfLabels;
}
/** The reference backend, counting what it compiles and frees, and keeping the noise it is given. */
function watched() {
  const inner = referenceBackend();
  const seen = { compiled: 0, disposed: 0, freed: 0, constants: [] as string[][], noise: [] as number[][] };
  const backend: typeof inner = {
    ...inner,
    compile: async (graph, options) => {
      seen.compiled++;
      seen.constants.push(Object.keys(options?.constants ?? {}));
      const executable = await inner.compile(graph, options);
      return {
        run: async (inputs, more) => {
          seen.noise.push(Array.from((inputs.noise as ReturnType<typeof tensor>).data));
          const { scores } = await executable.run(inputs, more);
          const { dtype, shape } = scores!;
          const read = async () => scores as ReturnType<typeof tensor>;
          return { scores: { dtype, shape, device: "far", read, dispose: () => void seen.freed++ } };
        },
        dispose: () => {
          seen.disposed++;
          return executable.dispose();
        },
      };
    },
  };
  return { backend, seen };
}

const labeler = (per: "sequence" | "token" = "sequence") =>
  selfLabeler({ backend: referenceBackend(), labels: labelsOf(per), parameters });

describe("selfLabeler", () => {
  it("labels sequences by the prototype of the highest score, the first of several", async () => {
    const found = await labeler().label(tensor([3, -1, -3, 1, 0, 0, 9, -8], [4, 2, 1]), createRandom(1));
    // Sums of 2, -2, 0 and 1, and noise of at most .05.
    const { data, ...type } = found;
    expect(type).toEqual({ dtype: "int32", shape: [4] });
    expect([data[0], data[1], data[3]]).toEqual([2, 0, 2]);
    const silent = { fillNormal: () => {}, split: () => silent, nextUint32: () => 0 } as never;
    const ties = await labeler().label(tensor([3, -1, -3, 1, 0, 0, 9, -8], [4, 2, 1]), silent);
    expect([...ties.data]).toEqual([2, 0, 0, 2]);
  });

  it("labels tokens where tokens have labels", async () => {
    const found = await labeler("token").label(tensor([3, -1, -3, 1, 2, -2], [2, 3, 1]), 1);
    expect(found).toEqual({ dtype: "int32", shape: [2, 3], data: Int32Array.of(2, 0, 0, 2, 2, 0) });
  });

  it("looks through limited noise of its seed, compiles once a shape, and keeps nothing on the device", async () => {
    const { backend, seen } = watched();
    const labeler = selfLabeler({ backend, labels: labelsOf("sequence"), parameters });
    const one = tensor([1, 1], [1, 2, 1]);
    await labeler.label(one, 5);
    await labeler.label(tensor([1, 1, 1], [1, 3, 1]), 5);
    await labeler.label(one, createRandom(5));
    await labeler.label(one, 6);
    expect([seen.compiled, seen.freed]).toEqual([2, 4]);
    // The range of the data is none of the weights.
    expect(seen.constants[0]).toEqual(["sign", "prototypes.rows"]);
    const drawn = new Float32Array(2);
    createRandom(5).fillNormal(drawn, { clip: 0.25 });
    expect(seen.noise[0]).toEqual([...drawn]);
    expect(seen.noise[2]).toEqual([...drawn]);
    expect(seen.noise[3]).not.toEqual([...drawn]);
    await labeler.dispose();
    expect(seen.disposed).toBe(2);
    await expect(labeler.label(one, 5)).rejects.toMatchObject({ code: "disposed" });
  });

  it("conditions tokens on the prototypes of their labels, or of their sequence's", () => {
    const { condition } = labeler();
    const rows = [
      [1, 0],
      [0, 1],
      [0.6, 0.8],
    ].map((row) => row.map(Math.fround));
    const of = (...labels: number[]) => ({
      dtype: "float32",
      shape: [2, labels.length / 2, 2],
      data: Float32Array.from(labels.flatMap((label) => rows[label]!)),
    });
    expect(condition(tensor(Int32Array.of(2, 0), [2]), 3)).toEqual(of(2, 2, 2, 0, 0, 0));
    expect(condition(tensor(Int32Array.of(2, 0, 1, 1, 0, 2), [2, 3]))).toEqual(of(2, 0, 1, 1, 0, 2));
    expect(condition(tensor(Int32Array.of(2, 0, 1, 1, 0, 2), [2, 3]), 3)).toEqual(of(2, 0, 1, 1, 0, 2));
  });

  it.each<[string, unknown, number | undefined, string, RegExp]>([
    ["a label too high", tensor(Int32Array.of(3), [1]), 2, "invalid-argument", /no label 3; expected 0 to 2/],
    ["a label below 0", tensor(Int32Array.of(-1), [1]), 2, "invalid-argument", /no label -1/],
    [
      "no length",
      tensor(Int32Array.of(1), [1]),
      undefined,
      "invalid-argument",
      /int32\[1\] and the length undefined; .*need the length/,
    ],
    ["another length", tensor(Int32Array.of(1, 1), [1, 2]), 3, "invalid-argument", /int32\[1, 2\] and the length 3/],
    ["half a token", tensor(Int32Array.of(1), [1]), 1.5, "shape-mismatch", /1\.5/],
    ["labels that are no int32", tensor([1], [1]), 2, "shape-mismatch", /labels are float32\[1\]; expected int32/],
    ["labels of axes too many", tensor(Int32Array.of(1), [1, 1, 1]), undefined, "shape-mismatch", /int32\[1, 1, 1\]/],
    ["one label alone", tensor(Int32Array.of(1), []), 2, "shape-mismatch", /labels are int32\[\]/],
    ["no tensor", [1], 2, "invalid-argument", /selfLabeler: labels is \[1\]/],
  ])("refuses a condition of %s", (_name, labels, length, code, message) => {
    expect(() => labeler().condition(labels as never, length)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it("refuses tokens and weights that are none of the model's", async () => {
    const refusal = (tokens: unknown, seed: unknown = 1) => labeler().label(tokens as never, seed as never);
    await expect(refusal(tensor([1, 2], [1, 1, 2]))).rejects.toMatchObject({ code: "shape-mismatch" });
    await expect(refusal(tensor([1, Number.NaN], [1, 2, 1]))).rejects.toMatchObject({ code: "invalid-data" });
    await expect(refusal([1])).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(refusal(tensor([1], [1, 1, 1]), -1)).rejects.toMatchObject({ code: "invalid-argument" });
    const make = (more: object) => () =>
      selfLabeler({ backend: referenceBackend(), labels: labelsOf("token"), parameters, ...more });
    expect(make({ parameters: { sign: tensor([1], [1]) } })).toThrow(/"prototypes\.rows" \[3, 2\] is missing/);
    expect(make({ backend: {} })).toThrow(/selfLabeler: backend is .* expected a backend/);
    expect(make({ labels: {} })).toThrow(/labels is .*selfLabels\(\)/);
    expect(make({ temperature: 1 })).toThrow(/no option temperature/);
  });
});
