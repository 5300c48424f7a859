import { join } from "node:path";
import { parseJson } from "@diffusion-forcing/core/bundle";
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
    const bytes = await bytesOf(join(folder, name));
    if (bytes === undefined) continue;
    try {
      description[part] = parseJson(name, bytes);
    } catch (error) {
      description[part] = `${name} cannot be read (${(error as Error).message})`;
    }
  }
  // Which drops a byte order mark.
  const card = firstParagraph(new TextDecoder().decode(await bytesOf(join(folder, "README.md"))));
  return { ...description, ...(card === undefined ? {} : { card }) };
}

/** Undefined where there is no such file. */
function bytesOf(path: string): Promise<Uint8Array | undefined> {
  return readInput(path, MOST_TEXT_BYTES).catch(() => undefined);
}

function firstParagraph(markdown: string): string | undefined {
  return markdown
    .replace(/^---\n[\s\S]*?\n---\n/, "")
    .split(/\n\s*\n/)
    .map((block) => block.replace(/\s+/g, " ").trim())
    .find((block) => block !== "" && !block.startsWith("#"));
}
