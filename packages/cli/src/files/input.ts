import { open } from "node:fs/promises";
import { DiffusionForcingError, isDiffusionForcingError } from "@diffusion-forcing/core";

/**
 * Reads a file that the user named, whole.
 *
 * @throws `invalid-argument` where there is none, it is no plain file, or it has more than `maxBytes` bytes
 */
export async function readInput(path: string, maxBytes: number): Promise<Uint8Array> {
  const refuse = (why: string, cause?: unknown): DiffusionForcingError =>
    new DiffusionForcingError(
      "invalid-argument",
      `${path} cannot be read: ${why}.`,
      cause === undefined ? {} : { cause },
    );
  try {
    const handle = await open(path, "r");
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw refuse("it is no file");
      if (found.size > maxBytes) throw refuse(`it has ${found.size} bytes; expected at most ${maxBytes}`);
      return new Uint8Array(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (isDiffusionForcingError(cause)) throw cause;
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw refuse(isMissing ? "there is no such file" : (cause as Error).message, cause);
  }
}
