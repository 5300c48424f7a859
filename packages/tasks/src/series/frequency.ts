const DAY = 86_400_000;

/** How rows follow each other in time. */
export type Frequency =
  | { readonly kind: "fixed"; readonly milliseconds: number }
  /** Monday to Friday. */
  | { readonly kind: "business-day" }
  | { readonly kind: "months"; readonly months: number };

const isWeekday = (time: number): boolean => ![0, 6].includes(new Date(time).getUTCDay());

/** The moment `count` rows after `time`. */
export function after(frequency: Frequency, time: number, count: number): number {
  switch (frequency.kind) {
    case "fixed":
      return time + count * frequency.milliseconds;
    case "business-day": {
      const weekday = (new Date(time).getUTCDay() + 6) % 7;
      const [weeks, rest] = [Math.floor(count / 5), count % 5];
      return time + (7 * weeks + rest + (weekday + rest > 4 ? 2 : 0)) * DAY;
    }
    case "months": {
      const date = new Date(time);
      const month = date.getUTCMonth() + count * frequency.months;
      const last = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate();
      // The last day of a month stays the last: the 28th of February is followed by the 31st of March.
      const isLast = new Date(time + DAY).getUTCDate() === 1;
      const day = isLast ? last : Math.min(date.getUTCDate(), last);
      return Date.UTC(date.getUTCFullYear(), month, day) + (((time % DAY) + DAY) % DAY);
    }
  }
}

/**
 * The frequency of rising times: the one by which most steps go, so that rows may be missing here and there. Fewer than two times have none.
 */
export function inferFrequency(times: ArrayLike<number>): Frequency | undefined {
  const steps: number[] = [];
  for (let i = 1; i < times.length; i++) steps.push((times[i] as number) - (times[i - 1] as number));
  if (steps.length === 0) return undefined;
  const usual = mostFrequent(steps);
  const days = Math.round(usual / DAY);
  if (usual === DAY && times.length > 5) {
    const all = Array.from(times);
    const hasWeekends = all.some((time) => !isWeekday(time));
    return hasWeekends ? { kind: "fixed", milliseconds: DAY } : { kind: "business-day" };
  }
  for (const months of [1, 3, 6, 12]) {
    if (usual % DAY === 0 && days >= 28 * months && days <= 30.7 * months + 1) {
      const frequency = { kind: "months", months } as const;
      const steady = steps.filter((_, i) => after(frequency, times[i] as number, 1) === times[i + 1]).length;
      if (2 * steady > steps.length) return frequency;
    }
  }
  return { kind: "fixed", milliseconds: usual };
}

/** The smallest of those that are there most often. */
function mostFrequent(steps: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const step of steps) counts.set(step, (counts.get(step) ?? 0) + 1);
  const [[usual]] = [...counts].sort(([a, often], [b, more]) => more - often || a - b) as [[number, number]];
  return usual;
}

/** How many rows from one moment to a later one; undefined if rows do not meet it. */
export function rowsBetween(frequency: Frequency, from: number, to: number): number | undefined {
  const guess = {
    fixed: () => (to - from) / (frequency as { milliseconds: number }).milliseconds,
    "business-day": () => ((to - from) / DAY) * (5 / 7),
    months: () => (to - from) / (30.44 * DAY * (frequency as { months: number }).months),
  }[frequency.kind]();
  for (let count = Math.max(1, Math.floor(guess) - 2); count <= Math.ceil(guess) + 2; count++) {
    if (after(frequency, from, count) === to) return count;
  }
  return undefined;
}

/** The moments of `count` rows after the last of `times`; none for times that have no frequency. */
export function futureTimes(
  times: Float64Array,
  count: number,
  frequency: Frequency | undefined = inferFrequency(times),
): Float64Array | undefined {
  const last = times.at(-1);
  if (frequency === undefined || last === undefined) return undefined;
  return Float64Array.from({ length: count }, (_, i) => after(frequency, last, i + 1));
}
