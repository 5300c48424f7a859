import { expect, it } from "vitest";
import type { RandomStream } from "../engine/random/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { autoregressive, schedulingMatrix } from "./plan/matrix-shapes.js";
import type { DenoiseRequest } from "./request.js";
import type { Sampler } from "./sampler.js";
import { type TreeSearchOptions, treeSearch } from "./tree-search.js";

const request = {
  tokens: tensor([-1, -1], [1, 2, 1]),
  rows: schedulingMatrix(autoregressive(), 4, 2).rows,
  seed: 0,
};

interface Walk extends DenoiseRequest {
  readonly seed: readonly RandomStream[];
  readonly guidanceInputs: { readonly strength?: HostTensor };
}

/**
 * Searches with a sampler that marks a sequence with the strength of the root's child it comes from, scored by that mark.
 *
 * @returns what each expansion walks: a stretch of rows, and the look-ahead where rows are left for one.
 */
async function walksOf(expansions: number, more: Partial<TreeSearchOptions> = {}): Promise<Walk[][]> {
  const walks: Walk[] = [];
  const found: Walk[][] = [];
  for await (const _ of treeSearch(optionsOf(walks, { expansions, ...more }))) found.push(walks.splice(0));
  return found;
}

/** @param walks what each walk is asked for is added to them. */
function optionsOf(walks: Walk[], more: Partial<TreeSearchOptions> = {}): TreeSearchOptions {
  const sampler = {
    evaluationsPerStep: 3,
    denoise: async (walk: Walk): Promise<HostTensor> => {
      walks.push(walk);
      const { tokens, guidanceInputs } = walk;
      const width = tokens.data.length / (tokens.shape[0] as number);
      const marked = Float32Array.from(tokens.data, (value, i) =>
        value === -1 ? (guidanceInputs.strength?.data[Math.floor(i / width)] ?? 0) : value,
      );
      return tensor(marked, tokens.shape);
    },
  } as unknown as Sampler;
  return { sampler, request, score: ({ data }) => data[0] as number, strengths: [0, 1], exploration: 0.5, ...more };
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

it("goes to the child with fewer visits among equal ones, and to the first of those", async () => {
  // All scores are alike: the first, then the second, then the first one's subtree again.
  const moves = (await walksOf(4, { score: () => 7 })).slice(1).map(([move]) => (move as Walk).tokens.data[0]);
  expect(moves).toEqual([0, 1, 0]);
});

it("keeps the first of equally good sequences", async () => {
  const bests: HostTensor[] = [];
  for await (const { best } of treeSearch(optionsOf([], { expansions: 3, score: () => 7 }))) bests.push(best);
  expect(bests[0]).toEqual(tensor([0, 0], [1, 2, 1]));
  expect(bests[1]).toBe(bests[0]);
  expect(bests[2]).toBe(bests[0]);
});

it("counts the steps that move a token, those of the children and of look-aheads, and looks no further than the end", async () => {
  const rows = [[2], [2], [2], [1], [1], [1], [0]];
  const one = { ...request, tokens: tensor([-1], [1, 1, 1]), rows };
  const walks: Walk[] = [];
  const evaluations: number[] = [];
  const options = { request: one, depth: 2, lookAheadSteps: 2, strengths: [0, 1, 2] };
  for await (const progress of treeSearch(optionsOf(walks, options))) evaluations.push(progress.evaluations);
  // Of each child of the root a step to 1 and one to 0; of each of theirs a step to 0: three children, three each.
  expect(evaluations).toEqual([3 * 3 * 2, 3 * 3 * 3, 3 * 3 * 4, 3 * 3 * 5]);
  expect(walks.map((walk) => walk.rows)).toEqual([
    [[2], [2], [2], [1]],
    [[1], [1], [0]],
    [[1], [1], [1], [0]],
    [[1], [1], [1], [0]],
    [[1], [1], [1], [0]],
  ]);
});

it("tells each child what the request says, and its strength", async () => {
  const { signal } = new AbortController();
  const more = {
    condition: tensor([0.5, 0.25], [1, 2, 1]),
    historyNoise: tensor([3, 4], [1, 2, 1]),
    guidanceInputs: { goal: tensor(Int32Array.of(7, 8), [1, 2]) },
    signal,
  };
  const [[move, ahead] = []] = await walksOf(1, { request: { ...request, ...more } });
  for (const walk of [move, ahead]) {
    expect(walk).toMatchObject({
      condition: tensor([0.5, 0.25, 0.5, 0.25], [2, 2, 1]),
      historyNoise: tensor([3, 4, 3, 4], [2, 2, 1]),
      guidanceInputs: { goal: tensor(Int32Array.of(7, 8, 7, 8), [2, 2]), strength: tensor([0, 1]) },
    });
    expect(walk!.signal).toBe(signal);
  }
  // And nothing else.
  const [[plain] = []] = await walksOf(1);
  expect(Object.keys(plain!)).toEqual(["tokens", "rows", "seed", "guidanceInputs"]);
  const [[unguided] = []] = await walksOf(1, { strengths: undefined as never, children: 1, score: () => 0 });
  expect(unguided!.guidanceInputs).toEqual({});
});

it("cuts rows into as many stretches as there are steps, and no more", async () => {
  const rowsOf = async (depth: number) => (await walksOf(1, { depth }))[0]![0]!.rows.length;
  expect([await rowsOf(8), await rowsOf(1)]).toEqual([2, 9]);
  await expect(walksOf(1, { depth: 9 })).rejects.toThrow("depth is 9; expected a whole number in 1..8");
});

it.each<[object, string]>([
  [{ rows: 5 }, "treeSearch: request: rows is 5; expected rows of level indices"],
  [{ rows: [[1]] }, "the request has 1 rows of level indices; expected two at least"],
  [{ conditon: 3 }, "treeSearch: request: there is no option conditon"],
  [{ tokens: 5 }, "treeSearch: request: tokens is 5; expected a tensor"],
  [{ tokens: tensor([1, 2], [2, 1, 1]) }, "tokens has a batch of 2; expected 1"],
  [{ condition: tensor([1, 2], [2, 1, 1]) }, "condition has a batch of 2; expected 1"],
  [{ historyNoise: tensor([1, 2], [2, 1, 1]) }, "historyNoise has a batch of 2; expected 1"],
  [{ guidanceInputs: { goal: tensor([1], []) } }, "goal has a batch of no axis; expected 1"],
  [{ guidanceInputs: { goal: 5 } }, 'treeSearch: the guidance inputs: "goal" is 5; expected a tensor'],
  [{ guidanceInputs: null }, "treeSearch: request: guidanceInputs is null; expected tensors by name"],
])("refuses a request with %o", async (wrong, message) => {
  await expect(walksOf(1, { request: { ...request, ...wrong } as never })).rejects.toThrow(message);
});
