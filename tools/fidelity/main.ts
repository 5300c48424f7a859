/**
 * Compares with the official implementation's recorded cases, runs every test of a law, and writes what both found into
 * docs/fidelity.md: `npm run fidelity -- FOLDER`. Exit codes: 0 written, 1 something does not agree, 2 bad usage.
 */
import { existsSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { runCases } from "./cases.js";
import { differences } from "./differences.js";
import { collectLaws } from "./laws.js";
import { formatFidelity } from "./page.js";

const document = "docs/fidelity.md";

async function main(folder: string): Promise<void> {
  const say = (text: string): unknown => process.stderr.write(`${text}\n`);
  const cases = await runCases(folder, say);
  say("laws");
  const laws = await collectLaws();
  const temporary = `${document}.tmp`;
  await writeFile(temporary, formatFidelity({ cases, laws, differences }));
  await rename(temporary, document);
  say(`${document}: ${cases.length} cases, ${laws.length} laws`);
}

const [folder, ...rest] = process.argv.slice(2);
if (folder === undefined || rest.length > 0 || !existsSync(folder)) {
  console.error("usage: npm run fidelity -- FOLDER   (recorded cases: NAME.json with NAME.safetensors)");
  process.exitCode = 2;
} else {
  await main(folder);
}
