import { rmSync } from "node:fs";
import { open, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { lookFor, ownIdentity, type ProcessIdentity } from "../process/identity.js";
import { readIfThere } from "./input.js";

/** The file that says who is training into a folder. */
export const lockFile = ".dforce-lock";
/** Held for the moment in which a lock is written or a dead owner's taken over, so that two cannot do so at once. */
const gateFile = ".dforce-lock-gate";
/** A gate older than this was left by a process that was killed; the work behind it takes milliseconds. */
const longestGate = 10_000;

const MOST_LOCK_BYTES = 10_000;

interface Owner extends ProcessIdentity {
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
}

/** The folder is this process's alone until it is released, or the process ends. */
export interface RunLock {
  release(): void;
}

/**
 * Claims a folder that exists for this process: two runs in one folder would mix their files. A lock whose owner has
 * died, even by kill -9 or with the machine, is taken over.
 *
 * A library such as proper-lockfile tells a dead owner by a file whose time stops; an engine that computes for longer
 * than that without a pause would lose its lock alive. The system knows which processes live.
 *
 * @throws `invalid-argument` naming the living owner, or one that cannot be seen from here; `write-failed`
 */
export async function lockRun(folder: string): Promise<RunLock> {
  const path = join(folder, lockFile);
  await withGate(join(folder, gateFile), async () => {
    const owner = await readOwner(path);
    if (owner !== undefined) {
      const state = lookFor(owner);
      if (state !== "dead") refuse(folder, path, owner, state);
      await rm(path, { force: true });
    }
    const own: Owner = { ...ownIdentity(), host: hostname(), since: new Date().toISOString() };
    await writeFile(path, `${JSON.stringify(own)}\n`, { flag: "wx" }).catch(async (cause: unknown) => {
      // One that is there already is somebody else's.
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") await rm(path, { force: true });
      throw cannotLock(cause);
    });
  });
  const release = (): void => {
    process.off("exit", release);
    rmSync(path, { force: true });
  };
  process.on("exit", release);
  return { release };
}

function refuse(folder: string, path: string, { pid, host, since }: Owner, state: "alive" | "elsewhere"): never {
  const who = `process ${pid}${state === "alive" ? "" : ` on ${host}`}`;
  const remedy =
    state === "alive"
      ? "Wait for it, stop it, or choose another folder with --out."
      : `Choose another folder with --out; if that process has ended, which cannot be seen from here, delete ${path}.`;
  throw new DiffusionForcingError(
    "invalid-argument",
    `${who} has been training into ${folder} since ${since}. ${remedy}`,
  );
}

/** The owner; undefined for no lock, or one that its writer was killed before it had written. */
async function readOwner(path: string): Promise<Owner | undefined> {
  const bytes = await readIfThere(path, MOST_LOCK_BYTES);
  if (bytes === undefined) return undefined;
  try {
    const { pid, started, place, host, since } = JSON.parse(new TextDecoder().decode(bytes)) as Owner;
    return {
      pid: Number(pid),
      started: String(started),
      place: String(place),
      host: String(host),
      since: String(since),
    };
  } catch {
    // Only behind the gate is it written: nobody is doing so now.
    await rm(path, { force: true });
    return undefined;
  }
}

function cannotLock(cause: unknown): DiffusionForcingError {
  const { message } = cause as Error;
  return new DiffusionForcingError("write-failed", `The folder cannot be locked (${message}).`, { cause });
}

async function withGate(path: string, work: () => Promise<void>): Promise<void> {
  // A clock that was set back gives ages below 0, so the wait for one and the same gate counts as well.
  let waitedFor: number | undefined;
  let since = performance.now();
  for (;;) {
    try {
      await (await open(path, "wx")).close();
      break;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cannotLock(cause);
    }
    const written = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (written !== waitedFor) [waitedFor, since] = [written, performance.now()];
    const age = Math.max(performance.now() - since, written === undefined ? 0 : Date.now() - written);
    if (age <= longestGate) await new Promise((resolve) => setTimeout(resolve, 20));
    else {
      await rm(path, { force: true }).catch((cause: unknown) => {
        throw cannotLock(cause);
      });
    }
  }
  try {
    await work();
  } finally {
    await rm(path, { force: true });
  }
}
