import { expect, it } from "vitest";
import type { RandomStream } from "../engine/random/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { autoregressive, schedulingMatrix } from "./plan/matrix-shapes.js";
import type { Sampler } from "./sampler.js";
import { type TreeSearchOptions, treeSearch } from "./tree-search.js";

interface Walk {
  readonly tokens: HostTensor;
  readonly seed: readonly RandomStream[];
  readonly guidanceInputs: { readonly strength: HostTensor };
}

/**
 * Searches with a sampler that marks a sequence with the strength of the root's child it comes from, scored by that mark.
 *
 * @returns what each expansion walks: a stretch of rows, and the look-ahead where rows are left for one.
 */
async function walksOf(expansions: number): Promise<Walk[][]> {
  const walks: Walk[] = [];
  const sampler = {
    evaluationsPerStep: 1,
    denoise: async (walk: Walk): Promise<HostTensor> => {
      walks.push(walk);
      const { tokens, guidanceInputs } = walk;
      const width = tokens.data.length / (tokens.shape[0] as number);
      const marked = Float32Array.from(tokens.data, (value, i) =>
        value === -1 ? (guidanceInputs.strength.data[Math.floor(i / width)] as number) : value,
      );
      return tensor(marked, tokens.shape);
    },
  } as unknown as Sampler;
  const options: TreeSearchOptions = {
    sampler,
    request: {
      tokens: tensor([-1, -1], [1, 2, 1]),
      rows: schedulingMatrix(autoregressive(), 4, 2).rows,
      seed: 0,
    },
    score: ({ data }) => data[0] as number,
    strengths: [0, 1],
    expansions,
    exploration: 0.5,
  };
  const found: Walk[][] = [];
  for await (const _ of treeSearch(options)) found.push(walks.splice(0));
  return found;
}

it("explores by the logarithm of the parent's visits: a child that is worse by the whole range waits", async () => {
  const moves = (await walksOf(8)).map(([move]) => move as Walk);
  // With UCT's sqrt(log n / m) the child of score 1 stays ahead until its subtree, 1 + 2 + 4 nodes, is expanded:
  // 1 + 0.5 sqrt(log 16 / 15) against 0.5 sqrt(log 16). With sqrt(n / m) the other one would have its turn at n = 10.
  expect(moves.map(({ tokens }) => tokens.data[0])).toEqual([-1, 1, 1, 1, 1, 1, 1, 1]);
});

it("draws every stretch and every look-ahead from a stream of its own", async () => {
  const walks = (await walksOf(5)).flat();
  const first = walks.flatMap(({ seed }) => seed.map((stream) => stream.nextUint32()));
  expect(first.length).toBeGreaterThan(15);
  expect(new Set(first).size).toBe(first.length);
});
