import { DiffusionForcingError } from "../engine/errors.js";

/** What the test of a law found. */
export interface Law {
  /** The law in words. */
  readonly law: string;
  /** What `found` and the broken variants' numbers are: "p-value, Kolmogorov-Smirnov". */
  readonly statistic: string;
  readonly found: number;
  /** Where `found` has to lie, the bounds included, and no broken variant may. */
  readonly within: readonly [low: number, high: number];
  /** The same statistic where something is wrong, by what is wrong; at least one, or the test could not fail. */
  readonly broken: Readonly<Record<string, number>>;
}

/** A running test on which results can be left, as Vitest's `task`. */
export interface LawTest {
  readonly meta: object;
}

/**
 * Holds what was found to the law, and the test of the law to its broken variants. Leaves the law on the running
 * test's `meta.laws`, from where a reporter may collect it.
 *
 * @throws `invalid-argument` for a law without a broken variant, Error for a law that is broken, or a variant that is not.
 */
export function checkLaw(test: LawTest, law: Law): void {
  const { found, within, broken, statistic } = law;
  if (Object.keys(broken).length === 0) {
    throw new DiffusionForcingError("invalid-argument", `checkLaw: "${law.law}" has no broken variant; give one.`);
  }
  const meta = test.meta as { laws?: Law[] };
  meta.laws = [...(meta.laws ?? []), law];
  const holds = (value: number): boolean => value >= within[0] && value <= within[1];
  const range = `${within[0]}..${within[1]}`;
  if (!holds(found)) throw new Error(`${law.law}: ${statistic} ${found}; expected ${range}.`);
  for (const [variant, value] of Object.entries(broken)) {
    if (holds(value)) throw new Error(`${law.law}: ${statistic} ${value} for "${variant}"; expected outside ${range}.`);
  }
}
