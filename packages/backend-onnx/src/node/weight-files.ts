import { rmSync } from "node:fs";
import { mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HandedOver, TensorsApart } from "../device/weights-apart.js";

/**
 * Tensors as files of a folder of their own, readable by this user only, that is there only while a session opens: the
 * runtime maps them into memory and packs from there, and what is mapped outlives its name. Undefined where they cannot be
 * written, or where a mapped file could not be removed.
 *
 * @param parent where the folder is made; default: the system's for temporary files.
 */
export async function writeWeights(tensors: TensorsApart, parent: string = tmpdir()): Promise<HandedOver | undefined> {
  if (process.platform === "win32") return undefined;
  let remove = (): void => {};
  try {
    const folder = await mkdtemp(join(await realpath(parent), "dforce-weights-"));
    remove = () => rmSync(folder, { recursive: true, force: true });
    process.once("exit", remove);
    for (const { location, bytes } of tensors) {
      await writeFile(join(folder, location), bytes, { flag: "wx", mode: 0o600 });
    }
    return {
      options: { extra: { session: { model_external_initializers_file_folder_path: folder } } },
      release: async () => {
        process.off("exit", remove);
        remove();
      },
    };
  } catch {
    process.off("exit", remove);
    remove();
    return undefined;
  }
}
