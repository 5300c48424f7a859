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
  best: TreeSearchProgress | undefined;
  visits: number;
  done: boolean;
}

/**
 * Looks for a sequence by Monte Carlo tree search over partial denoisings (after Monte Carlo Tree Diffusion, Yoon et al.
 * 2025), the lengths being the first choice: each has a tree, in which a node's children go on with noise of their own and
 * a quick look-ahead to the end says what each may come to. After the roots, the tree of the largest upper bound is
 * always the one that grows. The best sequence of all lengths is found, not the first that will do: with every try at a
 * length that is too short, it grows likelier that a judge is taken in.
 *
 * @param sampler takes fresh noise in every step: eta 1
 */
export async function searchSequence(
  sampler: Sampler,
  branches: readonly SearchBranch[],
  { expansions = 16, children = 4, depth = 4 }: SearchOptions,
): Promise<Found> {
  const grown = branches.map(({ request, score }): Branch => {
    const bounded = async (sequence: HostTensor): Promise<number> => Math.max(worst, await score(sequence));
    const tree = treeSearch({ sampler, request, score: bounded, children, depth, expansions: expansions + 1 });
    return { tree, best: undefined, visits: 0, done: false };
  });
  for (let visit = 0; visit < grown.length + expansions; visit++) {
    const open = grown.filter(({ done }) => !done);
    if (open.length === 0) break;
    const bound = ({ best, visits }: Branch): number =>
      best === undefined ? Number.POSITIVE_INFINITY : best.score + exploration * Math.sqrt(Math.log(visit) / visits);
    const chosen = open.reduce((a, b) => (bound(b) > bound(a) ? b : a));
    const { value, done } = await chosen.tree.next();
    chosen.visits++;
    if (done) chosen.done = true;
    else chosen.best = value;
  }
  const score = ({ best }: Branch): number => best?.score ?? Number.NEGATIVE_INFINITY;
  const first = grown[0] as Branch;
  const winner = grown.reduce((a, b) => (score(b) > score(a) ? b : a), first);
  const evaluations = grown.reduce((sum, { best }) => sum + (best?.evaluations ?? 0), 0);
  return { branch: grown.indexOf(winner), sequence: (winner.best as TreeSearchProgress).best, evaluations };
}
