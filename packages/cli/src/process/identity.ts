import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/**
 * Who a process is. Numbers of processes are used again, so the moment of the start belongs to it; and a number means
 * nothing on another machine or in another container.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, as the system counts; empty where that cannot be found out. */
  readonly started: string;
  /** Stands for the machine, and on Linux for its boot and the space of its process numbers. */
  readonly place: string;
}

/** An identity as part of a file's name, and back; undefined for text that is none. */
export function identityText({ pid, started, place }: ProcessIdentity): string {
  return `${pid}-${started}-${place}`;
}

export function identityFromText(text: string): ProcessIdentity | undefined {
  const [, pid, started = "", place = ""] = /^(\d+)-(\w*)-(\w+)$/.exec(text) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), started, place };
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, started: startOf(process.pid) ?? "", place: ownPlace() };
}

/** Whether the process still runs; "elsewhere" where that cannot be seen from here. */
export function lookFor({ pid, started, place }: ProcessIdentity): "alive" | "dead" | "elsewhere" {
  if (place !== ownPlace()) return "elsewhere";
  if (!exists(pid)) return "dead";
  const now = startOf(pid);
  return started === "" || now === undefined || now === started ? "alive" : "dead";
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not ours to signal, but there.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function ownPlace(): string {
  const boot = quietly(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  const numberSpace = quietly(() => readlinkSync("/proc/self/ns/pid"));
  return createHash("sha256").update([hostname(), boot, numberSpace].join(" ")).digest("hex").slice(0, 16);
}

function startOf(pid: number): string | undefined {
  if (process.platform === "win32") return undefined;
  if (process.platform !== "linux") {
    const args = ["-o", "lstart=", "-p", String(pid)];
    return quietly(() =>
      execFileSync("ps", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).replace(/\W/g, ""),
    );
  }
  // Field 22 of proc(5); the name of the program, in brackets before it, may hold blanks.
  return quietly(() => {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  });
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
