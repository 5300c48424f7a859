import { readFileSync } from "node:fs";

/** Of what /proc counts processor time in: 100 a second on every Linux that a program sees. */
const TICKS = 100;

/**
 * Seconds of processor time that a process has used, as Linux tells; elsewhere, and once the process is gone, seconds of
 * this process's own clock. Only differences mean anything.
 */
export function processorSeconds(pid: number | undefined): number {
  try {
    // pid (name) state ...: the name may hold spaces and brackets. Fields 14 and 15 are user and system time.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return performance.now() / 1000;
  }
}
