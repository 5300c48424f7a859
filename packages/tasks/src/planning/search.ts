import { type HostTensor, type RandomStream, treeSearch } from "@diffusion-forcing/core";
import type { DenoiseRequest, Sampler } from "@diffusion-forcing/core/sampling";

export interface SearchOptions {
  /** How many nodes of the tree are expanded at most, for each length. Default 16. */
  readonly expansions?: number;
  /** Children of a node, which differ by their noise. Default 4. */
  readonly children?: number;
  /** Into how many stretches the denoising is cut. Default 4. */
  readonly depth?: number;
}

/** What a search found. */
export interface Found {
  /** The best sequence, `[1, T, C]`. */
  readonly sequence: HostTensor;
  /** Model evaluations of one sequence each, those of `excess` not among them. */
  readonly evaluations: number;
}

/** Far below any score. */
const worst = -1e9;

/**
 * Looks for a sequence by Monte Carlo tree search over partial denoisings (after Monte Carlo Tree Diffusion, Yoon et al.
 * 2025): a node's children go on with noise of their own, and a quick look-ahead to the end says what each may come to:
 * how far it is from the planner's rule, in which the model itself has its say. Ends early with the first sequence that
 * will do.
 *
 * @param sampler takes fresh noise in every step: eta 1
 * @param excess of a sequence, `[1, T, C]`: at most 1 for one that will do; infinite for a diverged one
 */
export async function searchSequence(
  sampler: Sampler,
  request: DenoiseRequest & { readonly seed: RandomStream },
  excess: (sequence: HostTensor) => Promise<number>,
  { expansions = 16, children = 4, depth = 4 }: SearchOptions,
): Promise<Found> {
  let found: Found | undefined;
  const search = treeSearch({
    sampler,
    request,
    score: async (sequence) => Math.max(worst, -(await excess(sequence))),
    children,
    expansions,
    depth,
  });
  for await (const { best, score, evaluations } of search) {
    found = { sequence: best, evaluations };
    if (score >= -1) break;
  }
  return found as Found;
}
