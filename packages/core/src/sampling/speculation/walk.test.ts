import { describe, expect, it } from "vitest";
import type { Diffusion } from "../../diffusion/diffusion.js";
import { add, mul, pad, slice } from "../../engine/graph/operations.js";
import { createRandom, type RandomStream } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import type { Model } from "../../models/model.js";
import { gaussianProcess } from "../../process/gaussian/gaussian-process.js";
import { cleanObjective } from "../../process/gaussian/objective.js";
import { ancestral } from "../solvers/ancestral.js";
import type { GraphHost, SpeculationPlan } from "./host.js";
import { SpeculativeWalk, type WindowReport } from "./walk.js";

const signal = [1, 0.96, 0.8, 0.6, 0.28, 0.1];
const noise = signal.map((s) => Math.sqrt(1 - s ** 2));
const path = { signal: Float64Array.from(signal), noise: Float64Array.from(noise) };
const process = gaussianProcess({
  ...{ config: { kind: "six-levels" }, path, objective: cleanObjective(path), limit: { kind: "none" } },
  ...{ noiseClip: 20, lossWeighting: { kind: "uniform" }, priorScale: 1 },
});

/** A token's estimate is `own` times the token and .25 times the one before it. */
const modelOf = (size: number, isCausal: boolean, own: number): Model => ({
  config: { kind: "leaning" },
  tokenShape: [size],
  conditionFeatures: 0,
  parameters: {},
  apply: (_, { tokens }) =>
    add(mul(tokens, own), mul(slice(pad(tokens, 1, 1, 0), 1, 0, tokens.shape[1] as number), 0.25)),
  // Only whether there is a memory matters here.
  ...(isCausal ? { memory: {} as NonNullable<Model["memory"]> } : {}),
});

function hostOf(model: Model): GraphHost {
  const diffusion: Diffusion = { model, process, lossWeighting: process.lossWeighting };
  const backend = referenceBackend();
  return {
    diffusion,
    options: { solver: ancestral(), stabilizationLevel: 0 },
    levels: Int32Array.of(0, 1, 2, 3, 4, 5),
    compiled: async (_key, graph, use) => use(await backend.compile(graph())),
  };
}

/** One sequence, as numbers in a row. */
interface Case {
  readonly size: number;
  /** Levels of the numbers before the first move and after each. */
  readonly levels: readonly (readonly number[])[];
  readonly start: readonly number[];
  /** Noise of a move, a number each, and what decides on a group's draft. */
  readonly noise: (move: number) => ArrayLike<number>;
  readonly decision: (move: number, group: number) => number;
  /** The numbers that are coupled together. */
  readonly groups: readonly (readonly number[])[];
  readonly plan: { readonly length: number; readonly draft: "frozen" | "recent" | "model" };
}

/** Ho et al. 2020, eq. 7: the weights of the clean and of the noisy token, and the deviation. */
function posterior(from: number, to: number): readonly [clean: number, noisy: number, deviation: number] {
  const step = signal[from]! / signal[to]!;
  const added = noise[from]! ** 2 - (step * noise[to]!) ** 2;
  const [clean, noisy] = [(signal[to]! * added) / noise[from]! ** 2, (step * noise[to]! ** 2) / noise[from]! ** 2];
  return [clean, noisy, to === 0 ? 0 : (noise[to]! / noise[from]!) * Math.sqrt(added)];
}

/** ln Phi by Simpson's rule. */
function logPhi(x: number): number {
  let total = 0;
  const [from, steps] = [x - 12, 600];
  for (let i = 0; i <= steps; i++) {
    const at = from + ((x - from) * i) / steps;
    total += (i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2) * Math.exp((-at * at) / 2);
  }
  return Math.log((total * (x - from)) / (3 * steps) / Math.sqrt(2 * Math.PI));
}

/** Speculative sampling of one sequence by its definition, number by number: what each window leaves behind. */
function byDefinition({ size, levels, start, noise: z, decision, groups, plan }: Case) {
  const moves = levels.length - 1;
  const level = (move: number): readonly number[] => levels[Math.min(move, moves)]!;
  const estimate = (x: readonly number[], own = 2) => x.map((value, i) => own * value + 0.25 * (x[i - size] ?? 0));
  const meanOf = (x: readonly number[], clean: readonly number[], move: number) =>
    x.map((value, i) => {
      const [ofClean, ofNoisy] = posterior(level(move)[i]!, level(move + 1)[i]!);
      return ofClean * clean[i]! + ofNoisy * value;
    });
  const moving = (move: number, of: readonly number[]) => of.filter((i) => level(move)[i] !== level(move + 1)[i]);
  const values: number[][] = [[...start]];
  const done = groups.map(() => 0);
  const groupOf = (i: number) => groups.findIndex((own) => own.includes(i));
  const windows: { readonly x: readonly number[]; readonly done: number; readonly looks: number }[] = [];
  let clean: number[] | undefined;
  while (done.at(-1)! < moves) {
    const base = done.at(-1)!;
    let looks = 0;
    if (clean === undefined && plan.draft !== "model") {
      clean = estimate(values[base]!);
      looks++;
    }
    const [states, means, deviations] = [[values[base]!], [] as number[][], [] as number[][]];
    for (let move = base; move < base + plan.length; move++) {
      const x = states.at(-1)!;
      const mean = meanOf(x, clean ?? estimate(x, 1), move);
      const deviation = x.map((_, i) => posterior(level(move)[i]!, level(move + 1)[i]!)[2]);
      const isMoving = moving(move, [...x.keys()]);
      const next = x.map((value, i) => (isMoving.includes(i) ? mean[i]! + deviation[i]! * z(move)[i]! : value));
      states.push(next.map((value, i) => (done[groupOf(i)]! > move ? values[move + 1]![i]! : value)));
      means.push(mean);
      deviations.push(deviation);
    }
    let spoilt = groups.length;
    for (let move = base; move < Math.min(base + plan.length, moves) && spoilt > 0; move++) {
      const at = move - base;
      const seen = estimate(states[at]!);
      const target = meanOf(states[at]!, seen, move);
      let next = spoilt;
      for (const [g, own] of groups.entries()) {
        if (g >= spoilt || done[g]! < move) break;
        if (done[g]! > move) continue;
        values[move + 1] ??= [...values[move]!];
        const active = moving(move, own).filter((i) => deviations[at]![i]! > 0);
        const gap = (i: number) => (means[at]![i]! - target[i]!) / deviations[at]![i]!;
        const product = active.reduce((sum, i) => sum + z(move)[i]! * gap(i), 0);
        const square = active.reduce((sum, i) => sum + gap(i) ** 2, 0);
        // The first draft around an estimate of the present state is the target's.
        const isSure = plan.draft === "frozen" && move === base;
        const isKept = isSure || logPhi(decision(move, g)) <= -product - square / 2;
        for (const i of own) {
          if (!moving(move, [i]).length || isSure) values[move + 1]![i] = states[at + 1]![i]!;
          else if (deviations[at]![i] === 0) values[move + 1]![i] = target[i]!;
          else if (isKept) values[move + 1]![i] = states[at + 1]![i]!;
          else
            values[move + 1]![i] = target[i]! + deviations[at]![i]! * (z(move)[i]! - (2 * product * gap(i)) / square);
          if (clean && plan.draft === "recent") clean[i] = seen[i]!;
        }
        const isChanged = moving(move, own).some((i) => deviations[at]![i] === 0 && means[at]![i] !== target[i]);
        if (!isSure && (!isKept || isChanged)) next = Math.min(next, g);
        done[g]!++;
      }
      spoilt = next;
    }
    // A frozen estimate is made anew, unless the last drafted state is where the next window begins.
    if (plan.draft === "frozen") {
      const isWhole = spoilt === groups.length && done.at(-1) === base + plan.length;
      clean = isWhole || done.at(-1) === moves ? estimate(states.at(-1)!) : undefined;
    }
    windows.push({ x: values[done.at(-1)!]!, done: done.at(-1)!, looks });
  }
  return windows;
}

/** What the walk reports, and what it should by the definition. */
async function compared(
  given: Pick<Case, "size" | "plan"> & {
    readonly rows: readonly (readonly number[])[];
    readonly isCausal: boolean;
    readonly batch: number;
    readonly seed: number;
  },
) {
  const { size, rows, isCausal, batch, plan, seed } = given;
  const length = rows[0]!.length;
  const numbers = length * size;
  const random = createRandom(seed);
  const drawn = (count: number, ...labels: (string | number)[]): Float32Array => {
    const values = new Float32Array(count);
    labels.reduce((at: RandomStream, label) => at.split(label), random).fillNormal(values, { clip: 20 });
    return values;
  };
  const start = drawn(batch * numbers, "start");
  const host = hostOf(modelOf(size, isCausal, 2));
  const draft = plan.draft === "model" ? hostOf(modelOf(size, false, 1)) : plan.draft;
  const walk = new SpeculativeWalk(host, { length: plan.length, draft } satisfies SpeculationPlan, {
    tokens: tensor(start.slice(), [batch, length, size]),
    ...{ rows, random },
  });
  const reports: WindowReport[] = [];
  for await (const report of walk.windows()) reports.push(report);
  // Rows that change nothing are no moves.
  const steps = rows.flatMap((row, m) => (m > 0 && String(row) !== String(rows[m - 1]) ? [m] : []));
  const levels = [0, ...steps].map((m) => rows[m]!.flatMap((level) => new Array<number>(size).fill(level)));
  const all = Array.from({ length: numbers }, (_, i) => i);
  const groups = isCausal ? rows[0]!.map((_, t) => all.slice(t * size, (t + 1) * size)) : [all];
  const own = Array.from({ length: batch }, (_, b) =>
    byDefinition({
      ...{ size, levels, groups, plan, start: [...start.slice(b * numbers, (b + 1) * numbers)] },
      noise: (move) =>
        move < steps.length
          ? drawn(batch * numbers, steps[move]!, "step", 0).slice(b * numbers, (b + 1) * numbers)
          : new Float32Array(numbers),
      decision: (move, group) => drawn(batch * groups.length, steps[move]!, "accept")[b * groups.length + group]!,
    }),
  );
  const windows = Math.max(...own.map((mine) => mine.length));
  const [ends, looks, expected] = [own.map((mine) => mine.length), [0, 0], [] as object[]];
  for (let w = 0; w < windows; w++) {
    const now = own.map((mine) => mine[Math.min(w, mine.length - 1)]!);
    // An estimate of one is made for all, and a run looks at so many states of each.
    const estimates = Math.max(...own.map((mine) => mine[w]?.looks ?? 0));
    looks[0]! += estimates + plan.length;
    looks[1]! += estimates + 1;
    expected.push({
      step: steps[Math.min(...now.map(({ done }) => done)) - 1] ?? 0,
      x: { dtype: "float32", shape: [batch, length, size] },
      evaluations: looks[0],
      calls: looks[1],
      values: now.flatMap(({ x }) => x.map((value) => expect.closeTo(value, 4))),
    });
  }
  const found = reports.map(({ x, ...rest }) => ({
    ...rest,
    x: { dtype: x.dtype, shape: x.shape },
    values: [...x.data],
  }));
  return { found, expected, ends };
}

const together = [[5], [4], [4], [3], [2], [1], [0]];
const pyramid = [
  [5, 5],
  [4, 5],
  [3, 5],
  [2, 4],
  [1, 3],
  [0, 2],
  [0, 1],
  [0, 0],
];

/** A token goes on where one after it waits for its drafts to be made anew. */
const abreast = together.map(([level]) => [level!, level!, level!]);

describe("a speculative walk is that of its definition, window by window", () => {
  it.each([
    ["frozen drafts", 1, together, false, { length: 3, draft: "frozen" }],
    ["recent estimates", 1, together, false, { length: 2, draft: "recent" }],
    ["recent estimates, windows beyond the end", 1, together, false, { length: 4, draft: "recent" }],
    ["a draft model", 1, together, false, { length: 3, draft: "model" }],
    ["tokens of two numbers", 2, together, false, { length: 3, draft: "recent" }],
    ["two tokens together, frozen", 1, pyramid, false, { length: 3, draft: "frozen" }],
    ["two tokens together", 2, pyramid, false, { length: 3, draft: "recent" }],
    ["tokens one by one, frozen", 1, abreast, true, { length: 4, draft: "frozen" }],
    ["tokens one by one", 2, abreast, true, { length: 4, draft: "recent" }],
    ["tokens one by one, windows beyond the end", 1, abreast, true, { length: 6, draft: "recent" }],
    ["tokens one by one, a draft model", 1, abreast, true, { length: 4, draft: "model" }],
    ["tokens one by one, in a pyramid", 1, pyramid, true, { length: 3, draft: "recent" }],
  ] as const)("%s", async (_name, size, rows, isCausal, plan) => {
    const paces = new Set<number>();
    for (let seed = 1; seed <= 6; seed++) {
      const batch = seed % 2 === 0 ? 1 : 3;
      const { found, expected, ends } = await compared({ size, rows, isCausal, plan, batch, seed });
      expect(found).toEqual(expected);
      for (const end of ends) paces.add(end);
    }
    // Some drafts were kept and some were not.
    expect(paces.size).toBeGreaterThan(1);
  });
});
