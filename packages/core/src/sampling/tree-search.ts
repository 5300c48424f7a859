import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError, throwIfAborted } from "../engine/errors.js";
import { mul } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { createRandom, type RandomStream } from "../engine/random/index.js";
import { sizeOf } from "../engine/tensor/shape.js";
import { checkHostTensor, checkHostTensors, type HostTensor, tensor, zeros } from "../engine/tensor/tensor.js";
import { unlessAborted } from "../engine/unless-aborted.js";
import { checkGuidance, type Guidance } from "./guidance/gradient.js";
import { type DenoiseRequest, denoiseSchema } from "./request.js";
import type { Sampler } from "./sampler.js";

/** The same guidance with its strength as a further guidance input, `strength` [B]; 0 is unguided. */
export function withStrength(guidance: Guidance): Guidance {
  checkGuidance(guidance);
  return {
    ...guidance,
    inputs: (batch, length) => ({
      ...guidance.inputs?.(batch, length),
      strength: { dtype: "float32", shape: [batch] },
    }),
    reward: (clean, { strength, ...inputs }) => mul(guidance.reward(clean, inputs), strength as Value),
  };
}

export interface TreeSearchOptions {
  /** Its guidance, if it has any, comes from {@link withStrength}. */
  readonly sampler: Sampler;
  /** One sequence, batch 1; one seed. */
  readonly request: DenoiseRequest & { readonly seed: number | RandomStream };
  /** How good a clean sequence [1, T, ...] is; larger is better. It may take its time, to ask a model, say. */
  readonly score: (sequence: HostTensor) => number | Promise<number>;
  /**
   * Strength of the guidance in each child of a node, 0 for an unguided one: the choice between following the value
   * and exploring. Equal strengths make children that differ by their noise alone, which takes eta > 0. Left out: the
   * sampler has no guidance.
   */
  readonly strengths?: readonly number[];
  /** How many children a node has, where strengths do not say so. Default 4. */
  readonly children?: number;
  /** Into how many stretches the matrix's rows are cut: the tree's depth. Default 4. */
  readonly depth?: number;
  /** How many nodes are expanded. Default 16. */
  readonly expansions?: number;
  /** How many steps a look-ahead to the end takes, skipping rows. Default 4. */
  readonly lookAheadSteps?: number;
  /** Weight of rarely visited nodes against good ones (UCT). Default 0.5. */
  readonly exploration?: number;
}

export interface TreeSearchProgress {
  /** Nodes expanded so far, 1-based. */
  readonly expansion: number;
  /** The best clean sequence so far [1, T, ...] and its score. */
  readonly best: HostTensor;
  readonly score: number;
  /** Model evaluations so far, for one sequence each. */
  readonly evaluations: number;
}

interface Node {
  readonly sequence: HostTensor;
  /** Stretches of rows done. */
  readonly depth: number;
  readonly random: RandomStream;
  readonly parent: Node | undefined;
  children: Node[];
  /** How often the search came through, and the sum of the scores found below. */
  visits: number;
  total: number;
  /** Nothing below is left to expand. */
  exhausted: boolean;
}

/**
 * Monte Carlo tree search over partial denoisings (after Yoon et al. 2025, "Monte Carlo Tree Diffusion"): a node is a
 * partly denoised sequence, its children denoise it one stretch of rows further, each under another strength of
 * guidance. A child is worth the score of a quick look-ahead to the end; the next node to expand is chosen by UCT, scores
 * measured in the range that was seen. All children of a node run as one batch.
 *
 * Unlike averaging over futures, this can follow a value that one gradient cannot see past, at the cost it reports.
 *
 * @yields after each expansion; ends early when every leaf is a finished sequence.
 * @throws `invalid-argument`, `aborted`, and what the sampler throws.
 */
export async function* treeSearch(options: TreeSearchOptions): AsyncGenerator<TreeSearchProgress> {
  checkOptions(options);
  const { request, score, expansions = 16, exploration = 0.5 } = options;
  const borders = stretchBorders(options);
  const stretches = borders.length - 1;
  const root: Node = newNode(request.tokens, 0, createRandom(request.seed), undefined);
  let best: { sequence: HostTensor; score: number } | undefined;
  let [lowest, highest, evaluations] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let expansion = 1; expansion <= expansions && !root.exhausted; expansion++) {
    throwIfAborted(request.signal);
    const node = select(root, exploration, highest > lowest ? highest - lowest : 1);
    const streams = Array.from({ length: childrenOf(options) }, (_, i) => node.random.split(`child ${i}`));
    const start = new Array<HostTensor>(streams.length).fill(node.sequence);
    const [from, to] = borders.slice(node.depth, node.depth + 2) as [number, number];
    const moved = await walk(options, start, request.rows.slice(from, to + 1), streams);
    evaluations += moved.evaluations;
    let ends = moved.sequences;
    if (node.depth + 1 < stretches) {
      const ahead = skipRows(request.rows.slice(to), options.lookAheadSteps ?? 4);
      const own = streams.map((stream) => stream.split("look-ahead"));
      const seen = await walk(options, moved.sequences, ahead, own);
      ends = seen.sequences;
      evaluations += seen.evaluations;
    }
    node.children = moved.sequences.map((sequence, i) =>
      newNode(sequence, node.depth + 1, streams[i] as RandomStream, node),
    );
    for (const [i, child] of node.children.entries()) {
      const sequence = ends[i] as HostTensor;
      const value = await unlessAborted(score(sequence), request.signal);
      if (!Number.isFinite(value)) {
        throw new DiffusionForcingError(
          "invalid-argument",
          `treeSearch: score() returned ${value}; expected a number.`,
        );
      }
      child.exhausted = child.depth === stretches;
      [lowest, highest] = [Math.min(lowest, value), Math.max(highest, value)];
      if (best === undefined || value > best.score) best = { sequence, score: value };
      for (let above: Node | undefined = child; above !== undefined; above = above.parent) {
        above.visits++;
        above.total += value;
      }
    }
    markExhausted(node);
    yield { expansion, best: best!.sequence, score: best!.score, evaluations };
  }
}

type Rows = readonly ArrayLike<number>[];

function newNode(sequence: HostTensor, depth: number, random: RandomStream, parent: Node | undefined): Node {
  return { sequence, depth, random, parent, children: [], visits: 0, total: 0, exhausted: false };
}

/** Down from the root to a node without children, each time to the child of the largest upper bound. */
function select(root: Node, exploration: number, spread: number): Node {
  const bound = (child: Node, parent: Node): number =>
    child.total / child.visits / spread + exploration * Math.sqrt(Math.log(parent.visits) / child.visits);
  let node = root;
  while (node.children.length > 0) {
    const open = node.children.filter(({ exhausted }) => !exhausted);
    const parent = node;
    node = open.reduce((a, b) => (bound(b, parent) > bound(a, parent) ? b : a));
  }
  return node;
}

function markExhausted(from: Node): void {
  for (let node: Node | undefined = from; node !== undefined; node = node.parent) {
    node.exhausted = node.children.every(({ exhausted }) => exhausted);
  }
}

/** Denoises the sequences by the rows, as one batch, each under its own strength. */
async function walk(
  { sampler, request, strengths }: TreeSearchOptions,
  sequences: readonly HostTensor[],
  rows: Rows,
  random: readonly RandomStream[],
): Promise<{ sequences: HostTensor[]; evaluations: number }> {
  const times = sequences.length;
  const repeated = (value: HostTensor): HostTensor => stack(sequences.map(() => value));
  const { condition, guidanceInputs = {}, historyNoise, signal } = request;
  const named = Object.entries(guidanceInputs).map(([name, value]) => [name, repeated(value)]);
  const result = await sampler.denoise({
    tokens: stack(sequences),
    rows,
    seed: random,
    ...(condition === undefined ? {} : { condition: repeated(condition) }),
    ...(historyNoise === undefined ? {} : { historyNoise: repeated(historyNoise) }),
    guidanceInputs: {
      ...Object.fromEntries(named),
      ...(strengths === undefined ? {} : { strength: tensor(Float32Array.from(strengths)) }),
    },
    ...(signal === undefined ? {} : { signal }),
  });
  const steps = rows.slice(1).filter((row, m) => {
    const before = rows[m] as ArrayLike<number>;
    return Array.from(row).some((level, t) => level !== before[t]);
  });
  return { sequences: unstack(result), evaluations: steps.length * times * sampler.evaluationsPerStep };
}

/** [1, ...] each -> [N, ...]. */
function stack(parts: readonly HostTensor[]): HostTensor {
  const [first] = parts as [HostTensor];
  const size = sizeOf(first.shape);
  const whole = zeros(first.dtype, [parts.length, ...first.shape.slice(1)]);
  for (const [i, part] of parts.entries()) whole.data.set(part.data as never, i * size);
  return whole;
}

function unstack(whole: HostTensor): HostTensor[] {
  const [count, ...rest] = whole.shape as [number, ...number[]];
  const size = sizeOf(rest);
  return Array.from({ length: count }, (_, i) =>
    tensor(Float32Array.from(whole.data.subarray(i * size, (i + 1) * size)), [1, ...rest]),
  );
}

/** The numbers of the rows at which `depth` stretches of nearly equal length begin and end. */
function stretchBorders({ request, depth = 4 }: TreeSearchOptions): number[] {
  const steps = request.rows.length - 1;
  if (depth > steps) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `treeSearch: depth is ${depth}; expected a whole number in 1..${steps}, the number of steps.`,
    );
  }
  return Array.from({ length: depth + 1 }, (_, i) => Math.round((i * steps) / depth));
}

/** At most `steps` + 1 of the rows, two or more, evenly, the first and the last among them. */
function skipRows(rows: Rows, steps: number): Rows {
  const last = rows.length - 1;
  const taken = Math.min(steps, last);
  return Array.from({ length: taken + 1 }, (_, i) => rows[Math.round((i * last) / taken)] as ArrayLike<number>);
}

function childrenOf({ strengths, children = 4 }: TreeSearchOptions): number {
  return strengths?.length ?? children;
}

/** They are denoised as one batch. */
const MOST_CHILDREN = 4096;
const mostChildren = `at most ${MOST_CHILDREN} strengths`;

const schema = v.strictObject({
  sampler: schemas.having<Sampler>("a sampler, as sampler() makes one", "denoise", "evaluationsPerStep"),
  request: schemas.having<TreeSearchOptions["request"]>(
    "an object with tokens, rows and seed",
    "tokens",
    "rows",
    "seed",
  ),
  score: schemas.function<TreeSearchOptions["score"]>(),
  strengths: v.optional(
    v.pipe(
      v.array(schemas.number()),
      v.minLength(1, "at least one strength"),
      v.maxLength(MOST_CHILDREN, mostChildren),
    ),
  ),
  children: v.optional(schemas.integer(1, MOST_CHILDREN)),
  depth: v.optional(schemas.integer(1)),
  expansions: v.optional(schemas.integer(1)),
  lookAheadSteps: v.optional(schemas.integer(1)),
  exploration: v.optional(schemas.number(0)),
});

function checkOptions(options: TreeSearchOptions): void {
  const { request } = check("treeSearch", schema, options);
  const { tokens, condition, historyNoise, guidanceInputs = {} } = check("treeSearch: request", denoiseSchema, request);
  checkHostTensors("treeSearch: the guidance inputs", guidanceInputs);
  const optional = Object.entries({ condition, historyNoise, ...guidanceInputs }).filter(([, value]) => value);
  for (const [name, value] of [["tokens", tokens] as const, ...optional]) {
    const [batch] = checkHostTensor(`treeSearch: ${name}`, value).shape;
    if (batch === 1) continue;
    throw new DiffusionForcingError(
      "invalid-argument",
      `treeSearch: ${name} has a batch of ${batch ?? "no axis"}; expected 1, as it searches for one sequence at a time.`,
    );
  }
  if (request.rows.length > 1) return;
  throw new DiffusionForcingError(
    "invalid-argument",
    `treeSearch: the request has ${request.rows.length} rows of level indices; expected two at least, for a step between them.`,
  );
}
