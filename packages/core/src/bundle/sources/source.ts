import { check, schemas } from "../../engine/check.js";
import { DiffusionForcingError } from "../../engine/errors.js";

export interface ReadOptions {
  /** A longer file is refused before it is held in memory. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

/** Where the files of a bundle come from: a folder, an address, a hub, a directory of the browser's, a record. */
export interface BundleSource {
  /** For messages: a path, an address. */
  readonly name: string;
  /**
   * A file's bytes; undefined if there is no such file.
   *
   * @param file a plain name; see {@link checkFileName}.
   * @throws `read-failed`, `corrupt-file` if it is longer than `maxBytes`, `aborted`.
   */
  read(file: string, options: ReadOptions): Promise<Uint8Array | undefined>;
}

/** Where the files of a bundle go. */
export interface BundleTarget {
  readonly name: string;
  /** Writes or overwrites the files. @throws `write-failed` */
  write(files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>): Promise<void>;
}

/**
 * Bundles are flat: a file's name is letters, digits, dots, hyphens and underscores, and does not begin with a dot. So no
 * name leaves its folder, on any system.
 *
 * @throws `invalid-argument`
 */
export function checkFileName(file: string): void {
  if (typeof file === "string" && /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/.test(file) && !file.endsWith(".")) return;
  throw new DiffusionForcingError(
    "invalid-argument",
    `A bundle has no file ${JSON.stringify(String(file).slice(0, 100))}: names are letters, digits, ".", "-" and "_", and begin with none of the dots.`,
  );
}

/** @throws `corrupt-file` if `bytes` is more than what is read of the file */
export function checkFileSize(file: string, bytes: number, { maxBytes }: ReadOptions): void {
  if (bytes <= maxBytes) return;
  throw new DiffusionForcingError(
    "corrupt-file",
    `${file} has ${bytes} bytes; at most ${maxBytes} belong to what the bundle describes.`,
  );
}

export function readFailed(what: string, cause: unknown): DiffusionForcingError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DiffusionForcingError("read-failed", `${what} cannot be read: ${reason}.`, { cause });
}

const filesSchema = schemas.having<Record<string, Uint8Array>>("a record of files, each its bytes by name");

/** A bundle in memory, as it is posted to a worker: file contents by name. Writing adds to the record. */
export function filesStore(files: Record<string, Uint8Array>): BundleSource & BundleTarget {
  check("filesStore", filesSchema, files);
  const name = "files in memory";
  return {
    name,
    read: async (file, options) => {
      checkFileName(file);
      const bytes = Object.hasOwn(files, file) ? files[file] : undefined;
      if (bytes !== undefined) checkFileSize(file, bytes.length, options);
      return bytes;
    },
    write: async (written) => {
      Object.keys(written).forEach(checkFileName);
      Object.assign(files, written);
    },
  };
}
