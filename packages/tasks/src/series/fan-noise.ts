import type { RandomStream } from "@diffusion-forcing/core";
import { type NoiseSource, normalQuantile } from "@diffusion-forcing/core/sampling";
import type { Track } from "./conditions.js";
import { correlationsOf, ownVariance } from "./dependence.js";
import type { Factors } from "./record.js";

export interface FanOptions {
  readonly random: RandomStream;
  readonly samples: number;
  /** Whether every second future is the one before it upside down, so that a pair needs the same noise only once. */
  readonly symmetric: boolean;
  /** Tokens of a sequence before those that are forecast. */
  readonly context: number;
  readonly horizon: number;
  /** How columns that are sequences of their own go together. */
  readonly factors: Factors;
  /** What a token of each column counts in the sum over all of them. */
  readonly shares: readonly number[];
  /** What each draw counts in a token, see `netNoiseWeights`. */
  readonly weights: readonly number[];
}

/** Of a walk's path: those lead by 95 % of its variance, and more of them gain nothing that could be measured. */
const LEADING = 4;

/**
 * The noise of a fan of futures. Each future's is standard normal, as if it were drawn alone; but those of one fan are
 * spread evenly where it matters most, so that few futures show their law as well as many would:
 *
 * - Samples 2 i and 2 i + 1 are a pair with opposite signs (antithetic variates, Hammersley and Morton 1956), or the
 *   same number of a future that is turned upside down.
 * - Of each column, and of the sum over the columns, the leading principal components of a walk of so many steps (Akesson
 *   and Lehoczky 1998) are a Latin hypercube over the pairs (McKay, Beckman and Conover 1979): as many strata of equal
 *   probability as there are pairs, one pair in each. Glasserman, "Monte Carlo Methods in Financial Engineering" (2004),
 *   sections 4.4 and 5.5, has both ideas.
 *
 * Columns that go together share noise, by their factors: so do their components, and the sum's spread is theirs.
 *
 * Where a component has to be q, noise z with a component of p becomes z + e (q - p), e being the component's direction
 * among all numbers that are drawn for the future, a unit vector: as standard normal as z, if q is a standard normal
 * number that knows nothing of z.
 */
export class FanNoise {
  readonly #options: FanOptions;
  readonly #pairs: number;
  /** Of each component its direction over the tokens of a forecast. */
  readonly #directions: readonly Float64Array[];
  /** Of each component and factor its numbers by pairs. */
  readonly #common: readonly (readonly Float64Array[])[];
  /** What a column gains by component for what the sum lacks of it. */
  readonly #gains: readonly number[];
  /** Of each component and pair what the sum over the columns lacks. */
  readonly #lacking: readonly Float64Array[];
  readonly #draws: readonly { readonly path: readonly (string | number)[]; readonly weight: number }[];
  readonly #weightAt: ReadonlyMap<string, number>;
  #last: { readonly track: Track; readonly targets: readonly (readonly Float64Array[])[] } | undefined;

  constructor(options: FanOptions) {
    const { samples, horizon, shares, factors, weights } = options;
    this.#options = options;
    this.#pairs = Math.ceil(samples / 2);
    this.#directions = Array.from({ length: Math.min(LEADING, horizon) }, (_, m) => walkComponent(m, horizon));
    const rank = factors[0]?.length ?? 0;
    this.#common = this.#directions.map((_, m) =>
      Array.from({ length: rank }, (_factor, r) => this.#spread(`factor ${r}`, m)),
    );
    const correlation = factors.length === 0 ? undefined : correlationsOf(factors);
    const together = shares.map((share, c) => (correlation ? dot(correlation[c] as Float64Array, shares) : share));
    const size = Math.sqrt(dot(shares, together));
    this.#gains = together.map((share) => (size === 0 ? 0 : share / size));
    const parts = shares.map((share) => (size === 0 ? 0 : share / size));
    this.#lacking = size === 0 ? [] : this.#directions.map((_, m) => this.#lackingOf(m, parts));
    this.#draws = weights.map((weight, j) => ({ path: j === 0 ? ["start"] : ["steps", j, "step", 0], weight }));
    this.#weightAt = new Map(this.#draws.map(({ path, weight }) => [path.join("/"), weight]));
  }

  /** The noise of sample n of a sequence that holds those columns; its draws stand under "start" and "steps". */
  source(track: Track, columns: readonly number[], n: number): NoiseSource {
    const { symmetric } = this.#options;
    const pair = Math.floor(n / 2);
    const own = this.#own(track, pair);
    const source = shifted(own, this.#shift(own, this.#targets(track, columns), pair), this.#weightAt);
    return n % 2 === 0 || symmetric ? source : negated(source);
  }

  /** A pair's noise before it is spread: a column's alone, with its shares of the factors that it has in common. */
  #own(track: Track, pair: number): NoiseSource {
    const { random, factors } = this.#options;
    const own = random.split(track).split(pair);
    const shares = track === "all" ? undefined : factors[track];
    if (shares === undefined) return own;
    return mixed([
      { source: own, share: Math.sqrt(ownVariance(shares)) },
      ...shares.map((share, r) => ({ source: random.split("factor").split(r).split(pair), share })),
    ]);
  }

  /** What has to be added to the noise of the tokens, [context + horizon, columns], in each draw by its weight. */
  #shift(own: NoiseSource, targets: readonly (readonly Float64Array[])[], pair: number): Float64Array {
    const { context, horizon } = this.#options;
    const features = targets.length;
    const shift = new Float64Array((context + horizon) * features);
    const net = new Float64Array(shift.length);
    const drawn = new Float32Array(shift.length);
    for (const { path, weight } of this.#draws) {
      path.reduce((at, label) => at.split(label), own).fillNormal(drawn);
      for (let i = context * features; i < net.length; i++) net[i] = (net[i] as number) + weight * (drawn[i] as number);
    }
    for (const [f, ofColumn] of targets.entries()) {
      for (const [m, direction] of this.#directions.entries()) {
        const at = (h: number): number => (context + h) * features + f;
        let missing = (ofColumn[m] as Float64Array)[pair] as number;
        for (let h = 0; h < horizon; h++) missing -= (direction[h] as number) * (net[at(h)] as number);
        for (let h = 0; h < horizon; h++) shift[at(h)] = (shift[at(h)] as number) + missing * (direction[h] as number);
      }
    }
    return shift;
  }

  /** Of each column and component what it has to be, by pairs. Kept for the track that is asked for again and again. */
  #targets(track: Track, columns: readonly number[]): readonly (readonly Float64Array[])[] {
    if (this.#last?.track === track) return this.#last.targets;
    const targets = columns.map((column) =>
      this.#directions.map((_, m) => {
        const gain = this.#gains[column] as number;
        return this.#component(column, m).map((q, pair) => q + gain * (this.#lacking[m]?.[pair] ?? 0));
      }),
    );
    this.#last = { track, targets };
    return targets;
  }

  #lackingOf(m: number, shares: readonly number[]): Float64Array {
    const lacking = this.#spread("sum", m);
    for (const [column, share] of shares.entries()) {
      if (share === 0) continue;
      const own = this.#component(column, m);
      for (const [pair, q] of own.entries()) lacking[pair] = (lacking[pair] as number) - share * q;
    }
    return lacking;
  }

  /** A component of a column by pairs, before the sum over the columns is spread. */
  #component(column: number, m: number): Float64Array {
    const shares = this.#options.factors[column];
    const own = this.#spread(column, m);
    if (shares === undefined) return own;
    const alone = Math.sqrt(ownVariance(shares));
    const factors = this.#common[m] as readonly Float64Array[];
    return own.map((q, pair) =>
      shares.reduce((sum, share, r) => sum + share * ((factors[r] as Float64Array)[pair] as number), alone * q),
    );
  }

  /**
   * Standard normal numbers, one for each pair and stratum. Of the first component it is the size that is spread: a pair
   * then lies in two of twice as many strata.
   */
  #spread(what: string | number, m: number): Float64Array {
    const random = this.#options.random.split("spread").split(what).split(m);
    const strata = Float64Array.from({ length: this.#pairs }, (_, i) => i);
    for (let i = strata.length - 1; i > 0; i--) {
      const j = random.integer(0, i + 1);
      [strata[i], strata[j]] = [strata[j] as number, strata[i] as number];
    }
    return strata.map((stratum) => {
      const within = (random.nextUint32() + 0.5) / 2 ** 32;
      const p = (stratum + within) / this.#pairs;
      if (m > 0) return normalQuantile(p);
      return (random.uniform() < 0.5 ? -1 : 1) * normalQuantile(0.5 + p / 2);
    });
  }
}

/** A principal component of a walk's path as a direction over the walk's steps: a unit vector, the m-th from 0. */
function walkComponent(m: number, steps: number): Float64Array {
  const angle = ((2 * m + 1) * Math.PI) / (2 * steps + 1);
  const size = 2 / Math.sqrt(2 * steps + 1);
  return Float64Array.from({ length: steps }, (_, h) => size * Math.cos(angle * (h + 0.5)));
}

/** The noise of sample n that has a pair's numbers, with its own sign unless the future is turned instead. */
export function antithetic(random: RandomStream, n: number): NoiseSource {
  const source = random.split(Math.floor(n / 2));
  return n % 2 === 0 ? source : negated(source);
}

function dot(a: ArrayLike<number>, b: readonly number[]): number {
  return b.reduce((sum, x, i) => sum + x * (a[i] as number), 0);
}

/** Normal numbers that are sums of others, whose shares have squares that add up to 1. */
function mixed(parts: readonly { readonly source: NoiseSource; readonly share: number }[]): NoiseSource {
  return {
    split: (label) => mixed(parts.map(({ source, share }) => ({ source: source.split(label), share }))),
    fillNormal: (target, { clip = Number.POSITIVE_INFINITY } = {}) => {
      const drawn = new Float32Array(target.length);
      const sum = new Float64Array(target.length);
      for (const { source, share } of parts) {
        if (share === 0) continue;
        source.fillNormal(drawn);
        for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + share * (drawn[i] as number);
      }
      for (let i = 0; i < target.length; i++) target[i] = Math.min(Math.max(sum[i] as number, -clip), clip);
    },
  };
}

function negated(source: NoiseSource): NoiseSource {
  return {
    split: (label) => negated(source.split(label)),
    fillNormal: (target, options) => {
      source.fillNormal(target, options);
      for (let i = 0; i < target.length; i++) target[i] = -(target[i] as number);
    },
  };
}

/** The source with `shift`, times the weight of a draw's path, added. */
function shifted(
  source: NoiseSource,
  shift: Float64Array,
  weightAt: ReadonlyMap<string, number>,
  path: readonly (string | number)[] = [],
): NoiseSource {
  return {
    split: (label) => shifted(source.split(label), shift, weightAt, [...path, label]),
    fillNormal: (target, { clip = Number.POSITIVE_INFINITY } = {}) => {
      source.fillNormal(target);
      const weight = weightAt.get(path.join("/")) ?? 0;
      for (let i = 0; i < target.length; i++) {
        const value = (target[i] as number) + weight * (shift[i] as number);
        target[i] = Math.min(Math.max(value, -clip), clip);
      }
    },
  };
}
