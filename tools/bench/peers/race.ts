import { median } from "simple-statistics";
import type { Contender } from "./contenders.js";

export interface Timing {
  readonly name: string;
  /** Milliseconds of a training step. */
  readonly median: number;
  /** Of the last step. */
  readonly loss: number;
}

/** Times contenders in turns, so that whatever else the machine does hits all of them alike. */
export async function race(
  contenders: Readonly<Record<string, Contender>>,
  { warmup, repeats }: { readonly warmup: number; readonly repeats: number },
): Promise<Timing[]> {
  const times = new Map<string, number[]>();
  const losses = new Map<string, number>();
  for (let round = -warmup; round < repeats; round++) {
    for (const [name, contender] of Object.entries(contenders)) {
      const started = performance.now();
      losses.set(name, await contender.step());
      const elapsed = performance.now() - started;
      if (round >= 0) times.set(name, [...(times.get(name) ?? []), elapsed]);
    }
  }
  return Array.from(times, ([name, all]) => ({ name, median: median(all), loss: losses.get(name) as number }));
}
