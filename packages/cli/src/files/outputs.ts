import { lstat, readlink, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { Option } from "commander";
import { UsageError } from "../options.js";
import { checkReplaceable } from "./atomic-write.js";

export const forceOption: Option = new Option("--force", "overwrite files that are there already");

export interface Outputs {
  /** Files that are going to be written. */
  readonly files: readonly string[];
  /** Files that are read; the command never overwrites these, whatever it is told. */
  readonly inputs: readonly string[];
  /** How another place is chosen. Default `--out`. */
  readonly place?: string;
  /** Whether it was told to overwrite; "never" for a command that cannot be. */
  readonly force?: boolean | "never" | undefined;
}

/**
 * What every command asks before it computes anything that it is going to write: its outputs must not be its inputs,
 * by whatever path, symbolic or hard link they are named, and must not be there yet unless it was told to overwrite.
 *
 * @throws `invalid-argument` naming the file and the way out, `write-failed` where a folder, a device or a pipe is in the
 *   way.
 */
export async function checkOutputs({ files, inputs, place = "--out", force = false }: Outputs): Promise<void> {
  if (files.includes("")) throw new UsageError(`${place} is empty; expected a name.`);
  const given = new Map<string, string>();
  for (const input of inputs) for (const key of await keysOf(input)) given.set(key, input);
  for (const file of files) {
    const input = (await keysOf(file)).map((key) => given.get(key)).find((found) => found !== undefined);
    if (input !== undefined) {
      refuse(
        `${file} is ${input === file ? "" : `${input}, `}what is read, and would be lost`,
        `Choose another ${place}.`,
      );
    }
    const found = await lstat(file).catch(() => undefined);
    if (found === undefined) continue;
    if (found.isDirectory()) {
      const problem = `${file} could not be written: EISDIR, a folder has that name. Choose another ${place}.`;
      throw new DiffusionForcingError("write-failed", problem);
    }
    await checkReplaceable(file);
    if (force === true) continue;
    const orForce = force === "never" ? "" : ", or give --force to overwrite it";
    refuse(`${file} is there already`, `Choose another ${place}${orForce}.`);
  }
}

function refuse(problem: string, remedy: string): never {
  throw new DiffusionForcingError("invalid-argument", `${problem}. ${remedy}`);
}

/** What two names of one file have in common: its real path, and where there is one its place on the disk. */
async function keysOf(path: string): Promise<string[]> {
  const real = await realPathOf(path);
  const found = await stat(real, { bigint: true }).catch(() => undefined);
  // A folder's place would make everything in it an input.
  return found?.isFile() && found.ino > 0n ? [real, `${found.dev}:${found.ino}`] : [real];
}

/** The path with all links followed, also of a file that is not there yet. */
async function realPathOf(path: string): Promise<string> {
  const whole = resolve(path);
  try {
    return await realpath(whole);
  } catch {
    const target = await readlink(whole).catch(() => undefined);
    if (target !== undefined) return resolve(dirname(whole), target);
    const parent = dirname(whole);
    return parent === whole ? whole : join(await realPathOf(parent), basename(whole));
  }
}
