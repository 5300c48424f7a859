/** The program in a real page: of plain modules found through an import map, and in a worker of a page built by Vite. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright";
import { serve } from "../browser/serve.js";
import { visit } from "../browser/visit.js";
import type { Outcome, Project } from "./project.js";
import { run, squares, tool, write } from "./project.js";

type Target = string | null | { readonly [condition: string]: Target };

/** The file that a page gets of a conditional export. */
function fileOf(target: Target | undefined): string | undefined {
  if (typeof target === "string") return target;
  if (target === null || target === undefined) return undefined;
  for (const condition of ["browser", "import", "module", "default"]) {
    const file = fileOf(target[condition]);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** What each bare specifier of the installed packages stands for, as a page's import map has it. */
export function importMapOf(modules: string): Record<string, string> {
  const names = readdirSync(modules).flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(modules, name)).map((own) => `${name}/${own}`) : [name],
  );
  const entries = names.flatMap((name): [string, string][] => {
    const manifest = join(modules, name, "package.json");
    if (!existsSync(manifest)) return [];
    const { exports, module, main } = JSON.parse(readFileSync(manifest, "utf8")) as {
      exports?: Target;
      module?: string;
      main?: string;
    };
    const isMap = typeof exports === "object" && exports !== null && Object.keys(exports)[0]?.startsWith(".");
    const targets: Record<string, Target | undefined> = isMap
      ? (exports as Record<string, Target>)
      : { ".": exports ?? module ?? main };
    return Object.entries(targets).flatMap(([subpath, target]): [string, string][] => {
      const file = fileOf(target)?.replace(/^\.\//, "");
      if (file === undefined || subpath.includes("*")) return [];
      return [[`${name}${subpath.slice(1)}`, `/node_modules/${name}/${file}`]];
    });
  });
  return Object.fromEntries(entries);
}

async function report(browser: Browser, folders: Readonly<Record<string, string>>, path: string): Promise<Outcome> {
  const server = await serve({ files: new Map(), folders });
  try {
    const found = JSON.stringify(await visit(browser, `${server.origin}${path}`));
    return { ok: found === squares, output: `computed ${found}` };
  } catch (error) {
    return { ok: false, output: (error as Error).message };
  } finally {
    await server.close();
  }
}

const reporting = "then((found) => globalThis.reportValue(found), (error) => globalThis.reportError(error.stack));";

/** A page without a bundler: an import map, and the packages as they are published. */
export async function runInPage(project: Project, browser: Browser): Promise<Outcome> {
  const map = JSON.stringify({ imports: importMapOf(join(project.folder, "node_modules")) });
  const script = `import { smoke } from "/build/smoke.js"; smoke().${reporting}`;
  const html = `<!doctype html><script type="importmap">${map}</script><script type="module">${script}</script>\n`;
  write(project.folder, { "plain.html": html });
  return await report(browser, { "/": project.folder }, "/plain.html");
}

/** A worker of a page, both built by Vite. */
export async function runInWorker(project: Project, browser: Browser): Promise<Outcome> {
  const page = `const worker = new Worker(new URL("./smoke-worker.js", import.meta.url), { type: "module" });
new Promise((resolve, reject) => {
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = ({ message }) => reject(new Error(message));
}).${reporting}`;
  write(project.folder, {
    "build/smoke-worker.js": 'import { smoke } from "./smoke.js";\nsmoke().then((found) => postMessage(found));\n',
    "build/worker-page.js": page,
    "index.html": '<!doctype html><script type="module" src="/build/worker-page.js"></script>\n',
    // Workers that import are modules.
    "vite.worker.config.js": 'export default { worker: { format: "es" } };\n',
  });
  const vite = [tool(project, "vite/bin/vite.js"), "build", "--config", "vite.worker.config.js"];
  const built = await run(project.folder, process.execPath, [...vite, "--outDir", "out/worker", "--logLevel", "warn"]);
  if (!built.ok) return built;
  return await report(browser, { "/": join(project.folder, "out/worker") }, "/index.html");
}
