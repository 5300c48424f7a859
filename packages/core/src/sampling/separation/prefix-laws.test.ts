import { describe, expect, it } from "vitest";
import type { Backend } from "../../engine/backend/contract.js";
import { add, cast, concat, reshape } from "../../engine/graph/operations.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import type { Model } from "../../models/model.js";
import { deviceStandIn } from "../../testing/device-stand-in.js";
import { PrefixLaws } from "./prefix-laws.js";

const model: Model = {
  config: { kind: "echo" },
  tokenShape: [1],
  conditionFeatures: 1,
  parameters: { w: { shape: [1], initializer: { kind: "ones" } } },
  apply: (_, { tokens }) => tokens,
};

/** "Laws" that show what is read: a token plus w, its level, and its condition; a symbol is ten times its number plus one. */
function laws(backend: Backend = referenceBackend(), longest = 3): PrefixLaws {
  return new PrefixLaws({
    ...{ backend, model, longest, categories: 3, hidden: 7, condition: [0.5] },
    parameters: { w: tensor([100]) },
    token: (symbol) => [10 * (symbol + 1)],
    laws: ({ w }, tokens, { noiseLevels, condition }) =>
      concat([add(tokens, w!), reshape(cast(noiseLevels!, "float32"), tokens.shape), condition!], 2),
  });
}

describe("PrefixLaws", () => {
  it("reads place t of sequences whose first t tokens are given, the others zero and hidden", async () => {
    expect(await laws().after([[], []])).toEqual([Float32Array.of(100, 7, 0.5), Float32Array.of(100, 7, 0.5)]);
    expect(
      await laws().after([
        [2, 0],
        [1, 1],
        [0, 2],
      ]),
    ).toHaveLength(3);
    expect(await laws().after([])).toEqual([]);
  });

  it("compiles few graphs: sizes are powers of 2, no sequence longer than the longest and one", async () => {
    const inner = referenceBackend();
    const sizes: (readonly number[])[] = [];
    const backend: Backend = {
      ...inner,
      compile: (graph, options) => {
        sizes.push(graph.inputs.find(({ attributes }) => attributes.name === "tokens")!.shape);
        return inner.compile(graph, options);
      },
    };
    const one = laws(backend, 4);
    for (const prefix of [[], [0], [0, 1], [0, 1, 2], [0, 1, 2, 0]]) await one.after([prefix, prefix, prefix]);
    expect(sizes).toEqual([
      [4, 1, 1],
      [4, 2, 1],
      [4, 4, 1],
      [4, 5, 1],
    ]);
  });

  it("keeps nothing on the device", async () => {
    const { backend, live, open } = deviceStandIn();
    const { prior } = laws(backend);
    for (const prefix of [[1], [1, 2]]) await prior.logProbs([prefix]);
    expect([live(), open()]).toEqual([0, 2]);
    await prior.dispose();
    expect([live(), open()]).toEqual([0, 0]);
    // What comes after is compiled anew.
    await prior.logProbs([[1]]);
    expect(open()).toBe(1);
  });

  it("tries again after a failure to compile", async () => {
    const inner = referenceBackend();
    let calls = 0;
    const backend: Backend = {
      ...inner,
      compile: (...given) => (++calls === 1 ? Promise.reject(new Error("busy")) : inner.compile(...given)),
    };
    const one = laws(backend);
    await expect(one.after([[]])).rejects.toThrow("busy");
    expect(await one.after([[]])).toEqual([Float32Array.of(100, 7, 0.5)]);
  });

  it.each<[unknown, string]>([
    [null, "the prefixes are null; expected a list of lists of symbols"],
    [[null], "the codes are null; expected a list"],
    [[[0], [0, 1]], "prefixes of 1 and 2 symbols; expected one length, at most 3"],
    [[[0, 0, 0, 0]], "prefixes of 4 and 4 symbols; expected one length, at most 3"],
    [[[3]], "there is no code 3 (number 0); expected whole numbers from 0 to 2"],
    [[[0.5]], "there is no code 0.5"],
  ])("refuses %j", async (prefixes, message) => {
    await expect(laws().after(prefixes as never)).rejects.toThrow(message);
  });

  it("refuses weights of another model", () => {
    const parameters = { w: tensor([1, 2]) };
    const make = () =>
      new PrefixLaws({
        ...{ backend: referenceBackend(), model, parameters, longest: 1, categories: 3 },
        token: () => [0],
        laws: (_, x) => x,
      });
    expect(make).toThrow(/w.*float32\[2\]/);
  });
});
