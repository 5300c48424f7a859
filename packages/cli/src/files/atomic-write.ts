import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DiffusionForcingError } from "@diffusion-forcing/core";

const temporarySuffix = ".dforce-tmp";

/** Makes sure that `folder` exists and can be written to. @throws `write-failed` */
export async function ensureWritable(folder: string): Promise<void> {
  const probe = join(folder, `.probe.${randomUUID()}${temporarySuffix}`);
  try {
    await mkdir(folder, { recursive: true });
    await (await open(probe, "w")).close();
    await rm(probe);
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
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}${temporarySuffix}`);
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

/** Deletes the temporary files that killed writers left in `folder`; nobody may be writing there now. */
export async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder);
  await Promise.all(
    names.filter((name) => name.endsWith(temporarySuffix)).map((name) => rm(join(folder, name), { force: true })),
  );
}
