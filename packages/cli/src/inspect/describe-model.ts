import { join } from "node:path";
import { readInput } from "../files/input.js";
import type { ModelDescription } from "./description.js";

/** Files of a model's folder that say what it is, each under its name in the description. */
const parts = { config: "config.json", training: "training.json", result: "summary.json" } as const;

/** Of what a person reads. */
const MOST_TEXT_BYTES = 1e6;

/** What the files beside the weights say. They are read as they are: to check them is for those who use them. */
export async function describeModel(folder: string): Promise<ModelDescription> {
  const description: Record<string, unknown> = {};
  for (const [part, name] of Object.entries(parts)) {
    const text = await textOf(join(folder, name));
    if (text === undefined) continue;
    try {
      description[part] = JSON.parse(text);
    } catch (error) {
      description[part] = `${name} is no JSON (${(error as Error).message})`;
    }
  }
  const card = firstParagraph((await textOf(join(folder, "README.md"))) ?? "");
  return { ...description, ...(card === undefined ? {} : { card }) };
}

/** Without a byte order mark; undefined where there is no such file. */
function textOf(path: string): Promise<string | undefined> {
  return readInput(path, MOST_TEXT_BYTES).then(
    (bytes) => new TextDecoder().decode(bytes), // which drops a byte order mark
    () => undefined,
  );
}

function firstParagraph(markdown: string): string | undefined {
  return markdown
    .replace(/^---\n[\s\S]*?\n---\n/, "")
    .split(/\n\s*\n/)
    .map((block) => block.replace(/\s+/g, " ").trim())
    .find((block) => block !== "" && !block.startsWith("#"));
}
