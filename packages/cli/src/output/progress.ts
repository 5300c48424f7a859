import { Presets, SingleBar } from "cli-progress";

/** Told how much is done, and optionally a note to show with it. */
export type OnProgress = (done: number, note?: string) => void;

export interface ProgressOptions {
  /** What was done before. */
  readonly done?: number;
  /** What is counted, for the rate. Default steps. */
  readonly unit?: string;
  /** Shows nothing. */
  readonly quiet?: boolean | undefined;
}

/** Between two lines where stderr is no terminal, in milliseconds. */
const lineInterval = 5000;
/** Over which the rate is measured. */
const rateInterval = 10_000;

/**
 * Shows the progress of `work` on stderr, with its rate and the time left: a bar, or where stderr is no terminal a
 * line at the first news, one every 5 seconds and one at the end. The bar is taken down however the work ends; its
 * timer would keep the process alive.
 */
export async function withProgress<T>(
  label: string,
  total: number,
  work: (onProgress: OnProgress) => Promise<T>,
  options: ProgressOptions = {},
): Promise<T> {
  const { done = 0, unit = "steps", quiet = false } = options;
  if (quiet) return work(() => {});
  const pace = createPace(total, done, unit);
  return process.stderr.isTTY ? withBar(label, total, done, pace, work) : withLines(label, total, pace, work);
}

async function withBar<T>(
  label: string,
  total: number,
  done: number,
  pace: Pace,
  work: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  const format = `${label} {bar} {percentage}% | {value}/{total}{pace}{note}`;
  const bar = new SingleBar({ format, stream: process.stderr }, Presets.shades_classic);
  bar.start(total, done, { note: "", pace: "" });
  try {
    return await work((value, note = "") => bar.update(value, { pace: pace(value), note: note && ` | ${note}` }));
  } finally {
    bar.stop();
  }
}

async function withLines<T>(
  label: string,
  total: number,
  pace: Pace,
  work: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  let shownAt = Number.NEGATIVE_INFINITY;
  let shown = "";
  let last = "";
  const show = (): void => {
    if (last !== shown) process.stderr.write(`${last}\n`);
    shown = last;
    shownAt = performance.now();
  };
  const result = await work((value, note = "") => {
    last = `${label} ${value}/${total}${pace(value)}${note && ` | ${note}`}`;
    if (performance.now() - shownAt >= lineInterval) show();
  }).finally(() => {
    if (last !== "") show();
  });
  return result;
}

/** How fast it goes and how long it will still take, as text to follow the count; empty while nobody can know. */
type Pace = (done: number) => string;

function createPace(total: number, begun: number, unit: string): Pace {
  const seen: { done: number; at: number }[] = [{ done: begun, at: performance.now() }];
  return (done) => {
    const at = performance.now();
    if (done !== seen.at(-1)?.done) seen.push({ done, at });
    // The first step compiles, so it says nothing about the others; keep two at least.
    while (seen.length > 2 && at - (seen[1] as { at: number }).at > rateInterval) seen.shift();
    const from = seen[seen.length > 2 && seen[0]?.done === begun ? 1 : 0] as { done: number; at: number };
    const rate = ((done - from.done) * 1000) / (at - from.at);
    if (!(rate > 0) || !Number.isFinite(rate)) return "";
    return ` | ${rate < 1 ? rate.toPrecision(2) : rate.toFixed(rate < 10 ? 1 : 0)} ${unit}/s | ${formatDuration((total - done) / rate)} left`;
  };
}

/** `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
