/** The place of a share 0..1 among probabilities that add up to 1. */
export function pick(probabilities: ArrayLike<number>, share: number): number {
  let rest = share;
  for (let k = 0; k < probabilities.length - 1; k++) {
    rest -= probabilities[k] as number;
    if (rest < 0) return k;
  }
  return probabilities.length - 1;
}

/**
 * Maximal coupling of two laws over symbols (Leviathan et al. 2023; Chen et al. 2023): a draw of the draft's law in, a draw
 * of the target's out. The draft stays with probability min(1, q / p); if not, another is drawn from (q - p)+.
 *
 * @param decision and `redraw` uniform over 0..1, independent of the draft.
 */
export function coupledCategory(
  drawn: number,
  draft: ArrayLike<number>,
  target: ArrayLike<number>,
  decision: number,
  redraw: number,
): { readonly symbol: number; readonly isKept: boolean } {
  const [p, q] = [draft[drawn] as number, target[drawn] as number];
  if (decision * p < q) return { symbol: drawn, isKept: true };
  const excess = Float64Array.from({ length: target.length }, (_, k) =>
    Math.max((target[k] as number) - (draft[k] as number), 0),
  );
  const total = excess.reduce((sum, value) => sum + value, 0);
  // Where the laws are equal but for rounding, the draft is as good.
  if (total === 0) return { symbol: drawn, isKept: true };
  return {
    symbol: pick(
      excess.map((value) => value / total),
      redraw,
    ),
    isKept: false,
  };
}
