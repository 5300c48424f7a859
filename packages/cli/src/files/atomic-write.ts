import { randomUUID } from "node:crypto";
import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { canReplace, makeFolder } from "@diffusion-forcing/core/node";
import { identityFromText, identityText, lookFor, ownIdentity } from "../process/identity.js";

const temporarySuffix = ".dforce-tmp";

/**
 * Makes sure that `folder` exists and can be written to, and deletes the temporary files that killed writers left
 * there.
 *
 * @throws `write-failed`
 */
export async function ensureWritable(folder: string): Promise<void> {
  const probe = join(folder, temporaryName("probe"));
  try {
    await makeFolder(folder);
    await (await open(probe, "w")).close();
    await rm(probe);
    await removeLeftovers(folder);
  } catch (cause) {
    throw new DiffusionForcingError(
      "write-failed",
      `The folder ${folder} cannot be written to (${(cause as Error).message}). Choose another with --out.`,
      { cause },
    );
  }
}

/**
 * Writes a file so that a reader, or a crash at any moment, finds the old content or the new, never a part: into a
 * temporary file beside it, flushed to disk, then renamed over it.
 *
 * @throws `write-failed`
 */
export async function writeAtomically(path: string, content: Uint8Array | string): Promise<void> {
  await checkReplaceable(path);
  const temporary = join(dirname(path), temporaryName(basename(path)));
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new DiffusionForcingError("write-failed", `${path} could not be written: ${(cause as Error).message}.`, {
      cause,
    });
  }
}

/** @throws `write-failed` where a device or a pipe is in the way */
export async function checkReplaceable(path: string): Promise<void> {
  if (await canReplace(path)) return;
  throw new DiffusionForcingError(
    "write-failed",
    `${path} could not be written: it is no plain file. Choose another --out.`,
  );
}

/** A hidden name that says whose the file is, so that others know whether it still is somebody's. */
function temporaryName(name: string): string {
  // Names are at most 255 bytes long in most file systems.
  return `.${name.slice(0, 60)}.${identityText(ownIdentity())}.${randomUUID().slice(0, 8)}${temporarySuffix}`;
}

/** Deletes the temporary files of writers that are dead. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.endsWith(temporarySuffix) && isLeftOver(name)) await rm(join(folder, name), { force: true });
  }
}

function isLeftOver(name: string): boolean {
  const owner = identityFromText(name.slice(0, -temporarySuffix.length).split(".").at(-2) ?? "");
  return owner !== undefined && lookFor(owner) === "dead";
}
