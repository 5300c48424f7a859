import { getHeapStatistics } from "node:v8";
import { isDiffusionForcingError } from "@diffusion-forcing/core";
import type { Case } from "./target.js";

/** What reading an input came to: "accepted", an error's code, or a fault. */
export interface Verdict {
  /** "accepted" or the code of the error. */
  readonly outcome: string;
  /** What must not happen, in words that stay the same while an input shrinks; undefined if all is well. */
  readonly fault?: string;
  readonly detail?: string;
}

export const limits = {
  /** Seconds of processor time. */
  seconds: 2,
  /** Bytes beyond four times the input. */
  spareBytes: 64e6,
};

/** Bytes of this thread's heap and of its array buffers. */
function bytesHeld(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

/** Reads an input and judges what happened: a leaked error, time, memory. */
export async function judge(tried: Case, kept: readonly number[]): Promise<Verdict> {
  const allowed = 4 * tried.size(kept) + limits.spareBytes;
  const [heldBefore, peakBefore] = [bytesHeld(), process.resourceUsage().maxRSS * 1024];
  const before = process.cpuUsage();
  let verdict: Verdict;
  try {
    await tried.run(kept);
    verdict = { outcome: "accepted" };
  } catch (error) {
    verdict = isDiffusionForcingError(error) ? judgeError(error) : leak(error);
  }
  if (verdict.fault !== undefined) return verdict;
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  if (seconds > limits.seconds) {
    return { ...verdict, fault: "takes long", detail: `${seconds.toFixed(1)} s` };
  }
  // Neither sees all: garbage may be gone by now, and pages that were never touched are not resident.
  const grown = Math.max(bytesHeld() - heldBefore, process.resourceUsage().maxRSS * 1024 - peakBefore);
  if (grown > allowed) {
    return { ...verdict, fault: "takes much memory", detail: `${(grown / 1e6).toFixed(0)} MB` };
  }
  return verdict;
}

/** Longest message that a person still reads. */
const longestMessage = 2000;

function judgeError({ code, message }: { code: string; message: string }): Verdict {
  if (message.length <= longestMessage) return { outcome: code };
  return { outcome: code, fault: `${code} with a message of a book's length`, detail: `${message.length} characters` };
}

function leak(error: unknown): Verdict {
  if (!(error instanceof Error)) return { outcome: "leak", fault: "throws what is no error", detail: String(error) };
  const frames = (error.stack ?? "").split("\n").filter((line) => /packages\//.test(line));
  const place = /packages\/[^)]*/.exec(frames[0] ?? "")?.[0]?.replace(/:\d+$/, "");
  return {
    outcome: "leak",
    fault: `${error.name} in ${place ?? "a place unknown"}`,
    detail: error.message.slice(0, 200),
  };
}

/** The fewest edits that still show the same fault. */
export async function shrink(tried: Case, fault: string): Promise<readonly number[]> {
  let kept: readonly number[] = [...tried.edits.keys()];
  for (const edit of [...kept]) {
    const fewer = kept.filter((other) => other !== edit);
    if (fewer.length > 0 && (await judge(tried, fewer)).fault === fault) kept = fewer;
  }
  return kept;
}
