import { DiffusionForcingError, isDiffusionForcingError } from "@diffusion-forcing/core";
import { readPlainFile } from "@diffusion-forcing/core/node";

/** What one typed array of Node's can hold of a file. */
const LARGEST_FILE = 2 ** 31 - 1;

/**
 * Reads a file that the user named, whole.
 *
 * @throws `invalid-argument` where there is none, it is no plain file, or it has more than `maxBytes` bytes
 */
export async function readInput(path: string, maxBytes: number = LARGEST_FILE): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readIfThere(path, maxBytes);
  if (bytes === undefined) {
    throw new DiffusionForcingError("invalid-argument", `${path} cannot be read: there is no such file.`);
  }
  return bytes;
}

/** As {@link readInput}; undefined only where there is no such file. */
export async function readIfThere(
  path: string,
  maxBytes: number = LARGEST_FILE,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const refuse = (why: string, cause?: unknown): DiffusionForcingError =>
    new DiffusionForcingError(
      "invalid-argument",
      `${path} cannot be read: ${why}.`,
      cause === undefined ? {} : { cause },
    );
  try {
    return await readPlainFile(path, (bytes) => {
      if (bytes > maxBytes) throw refuse(`it has ${bytes} bytes; expected at most ${maxBytes}`);
    });
  } catch (cause) {
    throw isDiffusionForcingError(cause) ? cause : refuse((cause as Error).message, cause);
  }
}
