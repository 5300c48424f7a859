import { DiffusionForcingError } from "../engine/errors.js";

/**
 * How much two labellings of the same items say of each other: mutual information over the mean of both entropies, from 0
 * (nothing) to 1 (each determines the other). Names of labels do not matter. 0 where either has one label only.
 *
 * @throws `invalid-argument` for labellings of different or no items
 */
export function normalizedMutualInformation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (!(a?.length > 0) || a.length !== b?.length) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `normalizedMutualInformation: ${a?.length} labels and ${b?.length}; expected as many of both, at least one.`,
    );
  }
  const pairs = Array.from(a, (label, i) => `${label}/${b[i]}`);
  const [ofA, ofB] = [entropy(Array.from(a)), entropy(Array.from(b))];
  const mutual = ofA + ofB - entropy(pairs);
  return ofA + ofB === 0 ? 0 : Math.min(Math.max((2 * mutual) / (ofA + ofB), 0), 1);
}

/** Of the frequencies of labels, nats. */
function entropy(labels: readonly (string | number)[]): number {
  const counts = new Map<string | number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts.values()].reduce((total, count) => {
    const share = count / labels.length;
    return total - share * Math.log(share);
  }, 0);
}
