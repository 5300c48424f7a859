import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { ensureWritable, writeAtomically } from "../files/atomic-write.js";
import { checkOutputs, forceOption } from "../files/outputs.js";
import { UsageError } from "../options.js";

/** From `src/commands` and from `dist/commands` alike. */
const template = fileURLToPath(new URL("../../templates/start", import.meta.url));

export function initCommand(): Command {
  return new Command("init")
    .description("start a project: a script that trains a small model, and a page that samples it")
    .argument("<folder>", "where the project goes")
    .addOption(forceOption)
    .action(runInit);
}

async function runInit(folder: string, { force }: { readonly force?: boolean }): Promise<void> {
  if (folder === "") throw new UsageError("The folder's name is empty; expected where the project goes.");
  const found = await readdir(template, { recursive: true, withFileTypes: true });
  const names = found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const files = names.map((from) => ({ from, to: join(folder, from.slice(template.length + 1)) }));
  await checkOutputs({ files: files.map(({ to }) => to), inputs: [], place: "folder", force });
  for (const { from, to } of files) {
    await ensureWritable(dirname(to));
    await writeAtomically(to, await readFile(from));
  }
  process.stdout.write(
    `wrote ${files.length} files to ${folder}\n\n  cd ${folder}\n  ONNXRUNTIME_NODE_INSTALL=skip npm install\n  npm run train\n  npm run dev\n`,
  );
}
