import { createRandom, ddim, type HostTensor, referenceBackend, tensor } from "@diffusion-forcing/core";
import { Sampler } from "@diffusion-forcing/core/sampling";
import { expect, it } from "vitest";
import { plannerDiffusion } from "../maze2d/planner/config.js";
import { config, zeroParameters } from "../maze2d/planner/testing/planner-fixture.js";
import { type SearchBranch, searchSequences } from "./search.js";

const sampler = new Sampler(plannerDiffusion(config), {
  backend: referenceBackend(),
  parameters: zeroParameters(config),
  timesteps: 4,
  solver: ddim({ eta: 1 }),
  stabilizationLevel: 1,
});

function branch(length: number, score: (sequence: HostTensor) => number): SearchBranch {
  const noise = new Float32Array(length * 4);
  createRandom(length).fillNormal(noise);
  const row = (index: number): Int32Array =>
    Int32Array.from({ length }, (_, t) => (t % (length - 1) === 0 ? 0 : index));
  return {
    request: {
      tokens: tensor(noise, [1, length, 4]),
      rows: [4, 3, 2, 1, 0].map(row),
      seed: createRandom(7).split(length),
    },
    score: async (sequence) => score(sequence),
  };
}

it("finds the best of all lengths, not the first that will do", async () => {
  const branches = [3, 4, 5].map((length) => branch(length, () => [1, 3, 2][length - 3] as number));
  const [found] = await searchSequences(sampler, [branches], { expansions: 1, children: 2, depth: 2 });
  expect([found?.branch, found?.sequence.shape]).toEqual([1, [1, 4, 4]]);
  // Three roots and then a node, each of two children: two steps and two ahead for the former, two for the latter.
  expect(found?.evaluations).toBe(3 * 8 + 4);
});

it("spends what it has on the lengths that are worth it, and returns what it scored best", async () => {
  const asked = new Map<number, number[]>();
  const branches = [3, 4, 5].map((length) =>
    branch(length, ({ data }) => {
      const score = (length === 5 ? 0 : -5) - Math.abs(data[4] as number) / 10;
      asked.set(length, [...(asked.get(length) ?? []), score]);
      return score;
    }),
  );
  const [found] = await searchSequences(sampler, [branches], { expansions: 6, children: 3, depth: 4 });
  expect([3, 4, 5].map((length) => asked.get(length)?.length)).toEqual([3, 3, 21]);
  const score = -Math.abs(found?.sequence.data[4] as number) / 10;
  expect(score).toBe(Math.max(...(asked.get(5) as number[])));
  const first = Math.max(...(asked.get(5) as number[]).slice(0, 3));
  expect(score).toBeGreaterThan(first);
});

it("lets all problems go on together, length by length, each as if it were alone", async () => {
  const asked: number[] = [];
  const problem = (best: number): SearchBranch[] =>
    [4, 3].map((length) =>
      branch(length, () => {
        asked.push(length);
        return length === best ? 1 : 0;
      }),
    );
  const found = await searchSequences(sampler, [problem(3), problem(4)], { expansions: 1, children: 1, depth: 2 });
  expect(found.map(({ branch: chosen, sequence }) => [chosen, sequence.shape[1]])).toEqual([
    [1, 3],
    [0, 4],
  ]);
  expect(asked).toEqual([3, 3, 4, 4, 3, 4]);
});

it("takes a diverged sequence for the worst", async () => {
  const branches = [branch(3, () => Number.NEGATIVE_INFINITY), branch(4, () => -100)];
  expect((await searchSequences(sampler, [branches], { expansions: 1, children: 2, depth: 2 }))[0]?.branch).toBe(1);
});
