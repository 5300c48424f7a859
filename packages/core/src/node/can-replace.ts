import { lstat } from "node:fs/promises";

/**
 * Whether a file may be renamed to `path`: to nothing, another file or a link. Over a device or a pipe it would take it
 * away from everybody who uses it; a folder is refused by the system.
 */
export async function canReplace(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found === undefined || found.isFile() || found.isSymbolicLink() || found.isDirectory();
}
