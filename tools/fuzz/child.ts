/** Reads mutated inputs, one after the other, and tells what came of them; a hang or a crash takes this process only. */
import { openSync, writeSync } from "node:fs";
import { createRandom } from "@diffusion-forcing/core";
import { judge, shrink } from "./judge.js";
import type { Target } from "./target.js";
import { targets } from "./targets.js";

export interface Job {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Names of targets contain this. */
  readonly filter: string;
  /** A file that holds the number of the input being read. */
  readonly current: string;
}

export interface Finding {
  readonly index: number;
  readonly target: string;
  readonly fault: string;
  readonly detail: string;
  readonly edits: readonly string[];
}

export type Message = { readonly counted: Readonly<Record<string, number>> } | { readonly finding: Finding };

async function readAll({ seed, from, to, filter, current }: Job): Promise<void> {
  const progress = openSync(current, "w");
  const chosen = targets.filter(({ name }) => name.includes(filter));
  const root = createRandom(seed);
  /** Faults already shrunk and told. */
  const known = new Set<string>();
  let counted: Record<string, number> = {};
  const post = (message: Message): unknown => process.send?.(message);
  for (let index = from; index < to; index++) {
    writeSync(progress, String(index).padEnd(12), 0);
    const target = chosen[index % chosen.length] as Target;
    const tried = target.draw(root.split(index));
    const all = [...tried.edits.keys()];
    const { outcome, fault, detail = "" } = await judge(tried, all);
    const key = `${target.name}: ${fault === undefined ? outcome : "FAULT"}`;
    counted[key] = (counted[key] ?? 0) + 1;
    if (fault !== undefined && !known.has(`${target.name} ${fault}`)) {
      known.add(`${target.name} ${fault}`);
      const kept = await shrink(tried, fault);
      post({
        finding: { index, target: target.name, fault, detail, edits: kept.map((i) => tried.edits[i] as string) },
      });
    }
    if (index % 500 === 499 || index === to - 1) {
      post({ counted });
      counted = {};
      // Messages leave between tasks.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

process.once("message", async (job: Job) => {
  await readAll(job);
  process.disconnect();
});
