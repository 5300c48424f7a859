import { expect, it } from "vitest";
import type { RandomStream } from "../engine/random/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { autoregressive, schedulingMatrix } from "./plan/matrix-shapes.js";
import type { Sampler } from "./sampler.js";
import { type TreeSearchOptions, treeSearch } from "./tree-search.js";

interface Walk {
  readonly tokens: HostTensor;
  readonly rows: readonly ArrayLike<number>[];
  readonly seed: readonly RandomStream[];
  readonly guidanceInputs: { readonly strength: HostTensor };
}

/**
 * Searches with a sampler that marks a sequence with the strength of the root's child it comes from, scored by that mark.
 *
 * @returns what each expansion walks: a stretch of rows, and the look-ahead where rows are left for one.
 */
async function walksOf(expansions: number, more: Partial<TreeSearchOptions> = {}): Promise<Walk[][]> {
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
    ...more,
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
  const first = walks.flatMap(({ seed }) => seed.map((stream) => JSON.stringify(stream.state().key)));
  expect(first.length).toBeGreaterThan(15);
  expect(new Set(first).size).toBe(first.length);
});

/** Scores that were written down, two for each expansion. */
const scripted =
  (...scores: number[]) =>
  () =>
    scores.shift() as number;
/** The strengths of the root's children under which expansions after the first take place. */
const placesOf = async (more: Partial<TreeSearchOptions>) =>
  (await walksOf(3, more)).slice(1).map(([move]) => (move as Walk).tokens.data[0]);

it("goes by a child's mean, not by its total", async () => {
  // The second child has 1, and after an expansion 1 + 0 + 0 in 3 visits: below the first one's .6.
  const score = scripted(0.6, 1, 0, 0, 0, 0);
  expect(await placesOf({ score, exploration: 0 })).toEqual([1, 0]);
});

it("takes the root of the logarithm and the visits, log(n) / m, both", async () => {
  // Means 0 and .6 in a range of 1; n = 4, m = 1 and 3: 1.177 c against .6 + .680 c, so c = 1.206 divides them.
  const scores = [0, 0.6, 0.2, 1, 0, 0];
  expect(await placesOf({ score: scripted(...scores), exploration: 1.15 })).toEqual([1, 1]);
  expect(await placesOf({ score: scripted(...scores), exploration: 1.25 })).toEqual([1, 0]);
});

it("measures means in the range of the scores", async () => {
  // As above, but for scores from 10 to 12.
  const scores = [10, 11.2, 10.4, 12, 10, 10];
  expect(await placesOf({ score: scripted(...scores), exploration: 1.15 })).toEqual([1, 1]);
  expect(await placesOf({ score: scripted(...scores), exploration: 1.25 })).toEqual([1, 0]);
});

it("walks stretches and look-aheads of nearly equal steps, rounded to the nearest", async () => {
  // Eight steps in three stretches: to row 3, 5 and 8. The five after row 3 in four: rows 3, 4, 6, 7 and 8.
  const [[move, ahead] = []] = await walksOf(1, { depth: 3, lookAheadSteps: 4 });
  const rowsOf = (walk: Walk | undefined) => walk!.rows.map((row) => Array.from(row));
  expect(rowsOf(move)).toEqual([
    [4, 4],
    [3, 4],
    [2, 4],
    [1, 4],
  ]);
  expect(rowsOf(ahead)).toEqual([
    [1, 4],
    [0, 4],
    [0, 2],
    [0, 1],
    [0, 0],
  ]);
});
