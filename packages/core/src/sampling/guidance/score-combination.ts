import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import { DiffusionForcingError } from "../../engine/errors.js";

/**
 * How one term of a combination shows the history, the tokens at level 0, to the model. Default: all of it, as the
 * sampler shows it without a combination.
 */
export interface HistoryView {
  /**
   * The tokens shown, by their place in the history; -1 is the most recent one. The others are noised to level K,
   * which hides them. Default: all.
   */
  readonly tokens?: "all" | readonly number[];
  /** The level, 1..K, to which shown tokens are noised: the higher, the less of their detail is left. */
  readonly level?: number;
}

/** One evaluation of the model and its share in the result. */
export interface ScoreTerm {
  readonly weight: number;
  readonly history?: HistoryView;
  /** Whether the model gets the external condition or the null condition, zeros. Default "given". */
  readonly condition?: "given" | "null";
}

/**
 * A weighted sum of scores, that is, of noise predictions: eps = sum of weight_i eps_i. The weights add up to 1. Every
 * term is one evaluation of the model; all terms of a step run as one batch.
 */
export type ScoreCombination = readonly ScoreTerm[];

const nothing: HistoryView = { tokens: [] };

/** Equal views have equal keys. */
function keyOf({ history, condition = "given" }: ScoreTerm): string {
  const { tokens = "all", level = 0 } = history ?? {};
  // Places in any order, however often; the letters of "all" are none.
  const places = [...new Set<string | number>(tokens)].sort();
  // Nothing is shown: at which level it would have been does not matter.
  return JSON.stringify([places, tokens.length === 0 ? 0 : level, condition]);
}

/** Each is a comparison over the whole batch in every step. */
const MOST_PLACES = 4096;
const MOST_TERMS = 64;

const level = (levelCount?: number) => schemas.integer(1, levelCount);
const place = schemas.satisfying<number>("an integer", Number.isSafeInteger);
const places = v.pipe(v.array(place), v.maxLength(MOST_PLACES, `at most ${MOST_PLACES} places`));
const tokens = v.union([v.literal("all"), places], `"all" or a list of at most ${MOST_PLACES} integers`);
const history = (levelCount?: number) =>
  v.strictObject({ level: v.optional(level(levelCount)), tokens: v.optional(tokens) });
const termsSchema = (levelCount?: number) =>
  v.pipe(
    v.array(
      v.strictObject({
        weight: schemas.number(),
        history: v.optional(history(levelCount)),
        condition: v.optional(schemas.choice("given", "null")),
      }),
    ),
    v.maxLength(MOST_TERMS, `at most ${MOST_TERMS} terms`),
  );

/** Adds up the weights of equal views and drops views of weight 0, so that none is evaluated twice or for nothing. @throws `invalid-argument` */
export function mergeTerms(terms: ScoreCombination): ScoreCombination {
  check("scores", termsSchema(), terms);
  const merged = new Map<string, ScoreTerm>();
  for (const term of terms) {
    const key = keyOf(term);
    const earlier = merged.get(key);
    merged.set(key, earlier === undefined ? term : { ...earlier, weight: earlier.weight + term.weight });
  }
  return [...merged.values()].filter(({ weight }) => weight !== 0);
}

/**
 * @param levelCount the number K of noise levels.
 * @throws `invalid-argument` for weights that do not add up to 1, levels outside 1..K or places that are no integers.
 */
export function checkCombination(terms: ScoreCombination, levelCount: number): void {
  check("scores", termsSchema(levelCount), terms);
  const total = terms.reduce((sum, { weight }) => sum + weight, 0);
  if (Math.abs(total - 1) < 2 ** -20) return;
  throw new DiffusionForcingError("invalid-argument", `Score combination: the weights add up to ${total}; expected 1.`);
}

/** How strongly a score is preferred over its counterpart without history or condition; 1 is plain sampling. */
interface Scaled {
  readonly scale: number;
}

const scaled = { scale: schemas.number() };
const scaledSchema = v.strictObject(scaled);
const historyScaled = { ...scaled, stabilizationLevel: v.optional(level()) };
const historyScaledSchema = v.strictObject(historyScaled);
const stretchesSchema = v.pipe(
  v.array(v.strictObject({ weight: schemas.number(), tokens: places, level: v.optional(level()) })),
  v.maxLength(MOST_TERMS, `at most ${MOST_TERMS} stretches`),
);
const fractionalSchema = v.strictObject({ ...historyScaled, level: level() });

/**
 * Classifier-free guidance (Ho and Salimans 2022): eps(null) + scale (eps(condition) - eps(null)). The model has to be
 * trained with its condition replaced by zeros now and then, see `dropCondition`.
 */
export function classifierFreeGuidance(options: Scaled): ScoreCombination {
  const { scale } = check("classifierFreeGuidance", scaledSchema, options);
  return mergeTerms([{ weight: scale }, { weight: 1 - scale, condition: "null" }]);
}

interface HistoryScaled extends Scaled {
  /**
   * Level, 1..K, of the history that is otherwise shown clean: a little noise hides the errors of generated history
   * ("stabilised" guidance). Unlike the sampler's `stabilizationLevel` the tokens really are noised. Default: none.
   */
  readonly stabilizationLevel?: number;
}

const shown = (level: number | undefined): HistoryView => (level === undefined ? {} : { level });

/**
 * Vanilla history guidance (Song et al. 2025): eps(no history) + scale (eps(history) - eps(no history)).
 */
export function vanillaHistoryGuidance(options: HistoryScaled): ScoreCombination {
  const { scale, stabilizationLevel } = check("vanillaHistoryGuidance", historyScaledSchema, options);
  return historyGuidance([{ weight: scale, history: shown(stabilizationLevel) }]);
}

/**
 * Fractional history guidance (Song et al. 2025): only what is left of the history at `level`, its coarse features, is
 * amplified: eps(history) + (scale - 1) (eps(history at level) - eps(no history)). Leaves more motion than the vanilla
 * form.
 */
export function fractionalHistoryGuidance(options: HistoryScaled & { readonly level: number }): ScoreCombination {
  const { scale, level, stabilizationLevel } = check("fractionalHistoryGuidance", fractionalSchema, options);
  return historyGuidance([
    { weight: 1, history: shown(stabilizationLevel) },
    { weight: scale - 1, history: { level } },
  ]);
}

/**
 * Temporal history guidance (Song et al. 2025): several stretches of the history, each shown alone:
 * eps(no history) + sum of weight_i (eps(stretch_i) - eps(no history)). Composes what the model knows of short
 * histories where the whole one is unlike any it was trained on.
 */
export function temporalHistoryGuidance(
  stretches: readonly { readonly weight: number; readonly tokens: readonly number[]; readonly level?: number }[],
): ScoreCombination {
  const given = check("temporalHistoryGuidance", stretchesSchema, stretches);
  return historyGuidance(
    given.map(({ weight, ...history }) => ({ weight, history })) as Parameters<typeof historyGuidance>[0],
  );
}

/**
 * History guidance in general (Song et al. 2025): parts of the history, across time (which tokens) and frequency (up
 * to which level), each weighed against no history: eps(no history) + sum of weight_i (eps(part_i) - eps(no history)).
 */
export function historyGuidance(parts: readonly (ScoreTerm & { readonly history: HistoryView })[]): ScoreCombination {
  check("historyGuidance", termsSchema(), parts);
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  return mergeTerms([...parts, { weight: 1 - total, history: nothing }]);
}
