import { cpus } from "node:os";

/** Processor time since some moment in the past, in milliseconds. */
export interface ProcessorTimes {
  readonly now: number;
  /** How many cores `busy` is a sum over. */
  readonly cores: number;
  /** What all processes together have used. */
  readonly busy: number;
  /** What this one has used. */
  readonly own: number;
}

export function readProcessorTimes(): ProcessorTimes {
  const all = cpus();
  const { user, system } = process.cpuUsage();
  return {
    now: performance.now(),
    cores: all.length,
    busy: all.reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0),
    own: (user + system) / 1000,
  };
}

/** Shortest span to measure over, in milliseconds: at first, when any answer beats none, and later. */
const FIRST_SPAN = 50;
const SPAN = 1000;

/**
 * Whether other processes leave enough cores free for threads that wait by spinning.
 *
 * Operators are split evenly over the threads, and a thread that spins takes its core from those that have work: with one
 * of two cores busy, two spinning threads take 1.6 to 2 times as long as two that sleep. Alone, sleeping costs 5 to 10 %
 * and more where operators are small.
 */
export class FreeCores {
  readonly #threads: number;
  readonly #read: () => ProcessorTimes;
  #since: ProcessorTimes;
  #suffice = true;
  #measured = false;

  /** @param threads how many want a core each. Until something was measured, they are taken to have it. */
  constructor(threads: number, read: () => ProcessorTimes = readProcessorTimes) {
    this.#threads = threads;
    this.#read = read;
    this.#since = read();
  }

  /** Cheap enough to ask before every run: mostly, it looks at the clock and no further. */
  suffice(now: number = performance.now()): boolean {
    if (this.#threads > 1 && now - this.#since.now >= (this.#measured ? SPAN : FIRST_SPAN)) this.#measure();
    return this.#suffice;
  }

  #measure(): void {
    const [before, after] = [this.#since, this.#read()];
    this.#since = after;
    this.#measured = true;
    // Some systems tell nothing.
    if (after.cores === 0) return;
    const others = (after.busy - before.busy - (after.own - before.own)) / (after.now - before.now);
    const missing = Math.min(this.#threads, after.cores) - (after.cores - Math.max(0, others));
    // A process that wants a whole core gets two thirds of one where two spinning threads of ours share two cores with
    // it, and more where ours sleep. Hence two bars.
    if (missing > 0.5) this.#suffice = false;
    else if (missing < 0.25) this.#suffice = true;
  }
}
