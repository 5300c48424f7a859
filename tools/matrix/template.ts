/** The project that `dforce init` starts, tried as its README says: installed, trained, built and its button pressed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright";
import { isolationHeaders, serve } from "../browser/serve.js";
import { type Outcome, overridesOf, type Project, quiet, run, write } from "./project.js";

/** Writes the project and lets its packages come from the packs. */
export async function startTemplate(
  { folder }: Project,
  command: string,
  packs: ReadonlyMap<string, string>,
): Promise<Outcome> {
  const started = await run(".", process.execPath, [command, "init", folder]);
  if (!started.ok) return started;
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const overrides = overridesOf(packs);
  const dependencies = Object.fromEntries(
    Object.entries(manifest.dependencies).map(([name, version]) => [name, overrides[name] ?? version]),
  );
  write(folder, { "package.json": JSON.stringify({ ...manifest, dependencies, overrides }) });
  return await run(folder, "npm", ["install", ...quiet], { ONNXRUNTIME_NODE_INSTALL: "skip" });
}

export function trainTemplate({ folder }: Project): Promise<Outcome> {
  return run(folder, "npm", ["run", "train", "--", "30"]);
}

export function buildTemplate({ folder }: Project): Promise<Outcome> {
  return run(folder, "npm", ["run", "build"]);
}

/** Presses the button of the built page, which loads what was trained. */
export async function openTemplate({ folder }: Project, browser: Browser): Promise<Outcome> {
  const server = await serve({ files: new Map(), folders: { "/": join(folder, "dist") }, headers: isolationHeaders });
  const page = await browser.newPage();
  const status = page.locator("[role=status]");
  try {
    await page.goto(server.origin);
    await page.getByRole("button", { name: "Sample" }).click();
    await status.filter({ hasText: "Eight samples" }).waitFor({ timeout: 120_000 });
    const curves = await page.locator("polyline").count();
    return { ok: curves === 8, output: `${curves} curves` };
  } catch (error) {
    const said = await status.textContent({ timeout: 1000 }).catch(() => "");
    return { ok: false, output: `The page says "${said}". ${(error as Error).message}` };
  } finally {
    await page.close();
    await server.close();
  }
}
