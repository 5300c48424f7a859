import { describe, it } from "vitest";
import { createRandom } from "../../engine/random/index.js";
import { checkLaw } from "../../testing/law.js";
import { kolmogorovSmirnov, normalDistribution } from "../../testing/statistics.js";
import { coupled } from "./coupling.js";

const draws = 200_000;

/** Couples N((3, 0), .5^2) with N((3 - .5 distance, 0), .5^2), token 0 of two numbers, and draws. */
function couple(distance: number, seed: number) {
  const random = createRandom(seed);
  const draft = Float32Array.of(3, 0);
  const target = Float32Array.of(3 - 0.5 * distance, 0);
  const out = new Float32Array(2);
  const along = new Float64Array(draws);
  const redrawn = new Float64Array(draws);
  let accepted = 0;
  for (let i = 0; i < draws; i++) {
    const noise = Float32Array.of(random.normal(), random.normal());
    const value = noise.map((z, at) => draft[at]! + 0.5 * z);
    const step = { draft, target, deviation: Float32Array.of(0.5), value, noise, tokens: [0], size: 2 };
    const isKept = coupled({ ...step, decision: random.normal() }, out);
    if (isKept) accepted++;
    along[i] = (out[0]! - target[0]!) / 0.5;
    redrawn[i] = isKept ? along[i]! : random.normal();
  }
  return { rate: accepted / draws, along, redrawn };
}

describe("reflection-maximal coupling", () => {
  it.for([
    [1, 0.6171],
    [2, 0.3173],
  ] as const)("at distance %d keeps a draft with probability %d", ([distance, expected], { task }) => {
    // 3.3 standard errors of 200,000 draws: significance 1e-3.
    const error = 3.3 * Math.sqrt((expected * (1 - expected)) / draws);
    checkLaw(task, {
      law: `A speculative step is kept with probability 2 Phi(-|D| / 2): |D| = ${distance}`,
      statistic: "share of 200,000 drafts",
      found: couple(distance, 3).rate,
      within: [2 * normalDistribution(-distance / 2) - error, 2 * normalDistribution(-distance / 2) + error],
      broken: { "a draft 5 % further away": couple(1.05 * distance, 3).rate },
    });
  });

  it("draws the target's law", ({ task }) => {
    const { along, redrawn } = couple(1, 5);
    checkLaw(task, {
      law: "What a speculative step draws has the target's law exactly",
      statistic: "p, Kolmogorov-Smirnov, 200,000 draws",
      found: kolmogorovSmirnov(along, normalDistribution),
      within: [1e-3, 1],
      broken: { "redrawn from the target on rejection": kolmogorovSmirnov(redrawn, normalDistribution) },
    });
  });
});
