import { type HostTensor, type RandomStream, treeSearch } from "@diffusion-forcing/core";
import type { DenoiseRequest, Sampler, TreeSearchProgress } from "@diffusion-forcing/core/sampling";

export interface SearchOptions {
  /** How many nodes of the trees are expanded after the root of each length's. Default 16. */
  readonly expansions?: number;
  /** Children of a node, which differ by their noise. Default 4. */
  readonly children?: number;
  /** Into how many stretches the denoising is cut. Default 4. */
  readonly depth?: number;
}

/** One length to search at. */
export interface SearchBranch {
  readonly request: DenoiseRequest & { readonly seed: RandomStream };
  /** How good a sequence, `[1, T, C]`, is: larger is better, comparable between branches, never NaN. */
  readonly score: (sequence: HostTensor) => Promise<number>;
}

/** What a search found. */
export interface Found {
  /** In which branch. */
  readonly branch: number;
  /** The best sequence of all, `[1, T, C]`. */
  readonly sequence: HostTensor;
  /** Model evaluations of one sequence each, those of scores not among them. */
  readonly evaluations: number;
}

/** Scores are logarithms: what a branch that was never come back to may still be worth more than it has shown. */
const exploration = 0.5;

/** Far below any score. */
const worst = -1e9;

interface Branch {
  readonly tree: AsyncGenerator<TreeSearchProgress>;
  readonly length: number;
  best: TreeSearchProgress | undefined;
  visits: number;
  done: boolean;
}

/**
 * Looks for a sequence for each problem by Monte Carlo tree search over partial denoisings (after Monte Carlo Tree
 * Diffusion, Yoon et al. 2025), the lengths being the first choice: each has a tree, in which a node's children go on with
 * noise of their own and a quick look-ahead to the end says what each may come to. After the roots, the tree of the largest
 * upper bound is always the one that grows. The best sequence of all lengths is found, not the first that will do: with
 * every try at a length that is too short, it grows likelier that a judge is taken in.
 *
 * All problems go on together, length by length, as graphs are compiled for each length.
 *
 * @param sampler takes fresh noise in every step: eta 1
 * @param problems the branches of each
 */
export async function searchSequences(
  sampler: Sampler,
  problems: readonly (readonly SearchBranch[])[],
  { expansions = 16, children = 4, depth = 4 }: SearchOptions,
): Promise<Found[]> {
  const grown = problems.map((branches) =>
    branches.map(({ request, score }): Branch => {
      const bounded = async (sequence: HostTensor): Promise<number> => Math.max(worst, await score(sequence));
      const tree = treeSearch({ sampler, request, score: bounded, children, depth, expansions: expansions + 1 });
      return { tree, length: request.tokens.shape[1] as number, best: undefined, visits: 0, done: false };
    }),
  );
  await growAll(grown.flat());
  for (let expansion = 0; expansion < expansions; expansion++) {
    await growAll(grown.flatMap((branches) => mostPromising(branches, branches.length + expansion) ?? []));
  }
  return grown.map(foundIn);
}

/** Each is expanded once, those of a length one after the other. */
async function growAll(branches: readonly Branch[]): Promise<void> {
  for (const branch of [...branches].sort((a, b) => a.length - b.length)) {
    const { value, done } = await branch.tree.next();
    branch.visits++;
    if (done) branch.done = true;
    else branch.best = value;
  }
}

/** The branch of the largest upper bound after so many visits of all; undefined where nothing is left to expand. */
function mostPromising(branches: readonly Branch[], visits: number): Branch | undefined {
  const bound = (branch: Branch): number => scoreOf(branch) + exploration * Math.sqrt(Math.log(visits) / branch.visits);
  return branches
    .filter(({ done }) => !done)
    .reduce<Branch | undefined>((a, b) => (a === undefined || bound(b) > bound(a) ? b : a), undefined);
}

function foundIn(branches: readonly Branch[]): Found {
  const winner = branches.reduce((a, b) => (scoreOf(b) > scoreOf(a) ? b : a));
  const evaluations = branches.reduce((sum, { best }) => sum + (best?.evaluations ?? 0), 0);
  return { branch: branches.indexOf(winner), sequence: (winner.best as TreeSearchProgress).best, evaluations };
}

function scoreOf({ best }: Branch): number {
  return best?.score ?? Number.NEGATIVE_INFINITY;
}
