import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type BundleSource,
  type BundleTarget,
  checkFileName,
  checkFileSize,
  readFailed,
} from "../bundle/sources/source.js";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError, isDiffusionForcingError, throwIfAborted } from "../engine/errors.js";
import { canReplace } from "./can-replace.js";
import { makeFolder } from "./make-folder.js";
import { readPlainFile } from "./read-plain-file.js";

const schema = schemas.satisfying<string>("a path", (value) => typeof value === "string" && value !== "");

/**
 * A bundle in a folder, which is made when written to. Each file is replaced in one piece: a reader, or a crash, finds
 * the old content or the new.
 */
export function folderStore(folder: string): BundleSource & BundleTarget {
  check("folderStore", schema, folder);
  return {
    name: folder,
    async read(file, limits) {
      checkFileName(file);
      throwIfAborted(limits.signal);
      const path = join(folder, file);
      try {
        return await readPlainFile(path, (bytes) => checkFileSize(path, bytes, limits));
      } catch (cause) {
        if (isDiffusionForcingError(cause)) throw cause;
        throw readFailed(path, cause);
      }
    },
    async write(files) {
      for (const [file, bytes] of Object.entries(files)) {
        checkFileName(file);
        await replace(folder, file, bytes);
      }
    },
  };
}

async function replace(folder: string, file: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(folder, `.${file}.${randomUUID()}.tmp`);
  try {
    await makeFolder(folder);
    if (!(await canReplace(join(folder, file)))) throw new Error("it is no plain file");
    const handle = await open(temporary, "wx");
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, join(folder, file));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const reason = (cause as Error).message;
    throw new DiffusionForcingError("write-failed", `${join(folder, file)} could not be written: ${reason}.`, {
      cause,
    });
  }
}
