import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder and those above it, where they are not there yet. As mkdir's own `recursive`, which never ends where a
 * folder exists and none can be made in it, as in /proc.
 *
 * @throws the system's error
 */
export async function makeFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  const missing = await attempt(path);
  if (missing === undefined) return;
  if (dirname(path) === path) throw missing;
  await makeFolder(dirname(path));
  const again = await attempt(path);
  if (again !== undefined) throw again;
}

/** The error of a folder whose parent is missing; undefined where the folder is there now. */
async function attempt(path: string): Promise<Error | undefined> {
  try {
    await mkdir(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return cause as Error;
    // A root, or one that is there, may be refused in other ways than by EEXIST.
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory() !== true) throw cause;
  }
  return undefined;
}
