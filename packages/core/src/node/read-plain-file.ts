import { constants } from "node:fs";
import { open } from "node:fs/promises";

/**
 * The bytes of a plain file; undefined where there is none. What never ends (a device) or never begins (a pipe that
 * nobody writes to) is refused instead of waited for.
 *
 * @param check throws for a file of so many bytes that it is not read.
 * @throws what `check` throws, the system's error, or an error that says that it is no file
 */
export async function readPlainFile(
  path: string,
  check: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  // Windows has no such flag, and no pipes among its files.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(missing);
  if (handle === undefined) return undefined;
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new Error(found.isDirectory() ? "it is a folder" : "it is no plain file");
    check(found.size);
    return new Uint8Array(await handle.readFile());
  } finally {
    await handle.close();
  }
}

function missing(cause: NodeJS.ErrnoException): undefined {
  if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR") throw cause;
}
