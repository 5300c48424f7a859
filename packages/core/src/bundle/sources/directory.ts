import { check, schemas } from "../../engine/check.js";
import { DiffusionForcingError, isDiffusionForcingError, throwIfAborted } from "../../engine/errors.js";
import { type BundleSource, type BundleTarget, checkFileName, checkFileSize, readFailed } from "./source.js";

/** What is used of a browser's `FileSystemDirectoryHandle`. */
export interface DirectoryHandle {
  readonly name: string;
  getFileHandle(name: string, options?: { readonly create?: boolean }): Promise<FileHandle>;
}

/** What is used of a browser's `FileSystemFileHandle`. */
export interface FileHandle {
  getFile(): Promise<{ readonly size: number; arrayBuffer(): Promise<ArrayBuffer> }>;
  createWritable(): Promise<{ write(data: Uint8Array<ArrayBuffer>): Promise<void>; close(): Promise<void> }>;
}

const schema = schemas.having<DirectoryHandle>("a FileSystemDirectoryHandle", "name", "getFileHandle");

/**
 * A bundle in a directory of the browser: of the origin's private file system (`navigator.storage.getDirectory()`), or
 * one that the user has picked. A file is replaced only when all of it is written.
 */
export function directoryStore(directory: DirectoryHandle): BundleSource & BundleTarget {
  check("directoryStore", schema, directory);
  const name = directory.name === "" ? "the private file system" : directory.name;
  return {
    name,
    async read(file, limits) {
      checkFileName(file);
      throwIfAborted(limits.signal);
      try {
        const found = await (await directory.getFileHandle(file)).getFile();
        checkFileSize(file, found.size, limits);
        return new Uint8Array(await found.arrayBuffer());
      } catch (cause) {
        if (isDiffusionForcingError(cause)) throw cause;
        if ((cause as Error | undefined)?.name === "NotFoundError") return undefined;
        throw readFailed(`${file} in ${name}`, cause);
      }
    },
    async write(files) {
      for (const [file, bytes] of Object.entries(files)) {
        checkFileName(file);
        try {
          const writable = await (await directory.getFileHandle(file, { create: true })).createWritable();
          await writable.write(bytes);
          await writable.close();
        } catch (cause) {
          const reason = (cause as Error).message;
          throw new DiffusionForcingError("write-failed", `${file} in ${name} could not be written: ${reason}.`, {
            cause,
          });
        }
      }
    },
  };
}
