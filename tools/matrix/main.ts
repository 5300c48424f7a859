/**
 * Tries what the READMEs promise as users would: packs the packages, installs each README's own set of packages from the
 * packs and the registry in an empty project, type-checks a program and the README's code with `skipLibCheck` off under
 * `node16` and `bundler`, builds it by esbuild, webpack and Vite, and runs it in Node (as a module and from CommonJS), in
 * Jest, and in Chromium: in a page without a bundler and in a worker. The same with what `dforce init` writes.
 *
 *     npm run matrix
 *     npm run matrix -- tfjs      sets whose name contains "tfjs"
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { markdownTable } from "markdown-table";
import type { Browser } from "playwright";
import { launchChromium } from "../browser/visit.js";
import { runInPage, runInWorker } from "./pages.js";
import {
  bundlers,
  type Outcome,
  overridesOf,
  type Project,
  quiet,
  run,
  runInCommonJs,
  runInJest,
  runInNode,
  typeCheck,
  write,
} from "./project.js";
import { type PackageSet, readmePieces, readmeSets, smokeProgram } from "./sets.js";
import { buildTemplate, openTemplate, startTemplate, trainTemplate } from "./template.js";

const filter = process.argv[2] ?? "";
const cells = [
  "install",
  "node16",
  "bundler",
  ...Object.keys(bundlers),
  "node",
  "commonjs",
  "jest",
  "page",
  "worker",
] as const;

/** Packs by package name. */
async function pack(folder: string): Promise<Map<string, string>> {
  mkdirSync(folder);
  const packs = new Map<string, string>();
  for (const name of readdirSync("packages")) {
    const { ok, output } = await run(join("packages", name), "npm", ["pack", "--pack-destination", folder, ...quiet]);
    if (!ok) throw new Error(`npm pack failed in packages/${name}:\n${output}`);
    const file = readdirSync(folder).find((pack) => pack.startsWith(`diffusion-forcing-${name}-`));
    packs.set(`@diffusion-forcing/${name}`, join(folder, file as string));
  }
  return packs;
}

async function installTools(folder: string): Promise<void> {
  mkdirSync(folder);
  cpSync("tools/matrix/bundlers/package.json", join(folder, "package.json"));
  const { ok, output } = await run(folder, "npm", ["install", ...quiet]);
  if (!ok) throw new Error(`The bundlers could not be installed:\n${output}`);
}

async function tryInstall(project: Project, set: PackageSet, packs: ReadonlyMap<string, string>): Promise<Outcome> {
  const overrides = overridesOf(packs);
  const dependencies = Object.fromEntries(
    set.packages.flatMap((name) => (name in overrides ? [[name, overrides[name]]] : [])),
  );
  const manifest = { name: "matrix", private: true, type: "module", dependencies, overrides };
  write(project.folder, { "package.json": JSON.stringify(manifest) });
  const others = set.packages.filter((name) => !packs.has(name));
  return await run(project.folder, "npm", ["install", ...others, ...quiet]);
}

/** Every cell of a set's row that applies. */
async function trySet(
  project: Project,
  set: PackageSet,
  packs: ReadonlyMap<string, string>,
  browser: Browser,
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const step = async (name: (typeof cells)[number], outcome: Promise<Outcome>): Promise<boolean> => {
    const found = await outcome;
    outcomes.set(name, found);
    if (!found.ok)
      console.log(`\n--- ${set.name}: ${name} failed\n${found.output.split("\n").slice(0, 25).join("\n")}`);
    return found.ok;
  };
  if (!(await step("install", tryInstall(project, set, packs)))) return outcomes;
  const bin = join(project.folder, "node_modules/.bin/dforce");
  if (existsSync(bin)) {
    await step("node", run(project.folder, bin, ["doctor"]));
    return outcomes;
  }
  const { code, inNode, inPage } = smokeProgram(set.packages);
  const readme = readmePieces(set.packages).map(({ code: piece, isPage }, i) => [
    `src/${isPage ? "page-" : ""}readme-${i}.ts`,
    piece,
  ]);
  const page = 'import { smoke } from "./smoke.js";\nsmoke().then((found) => console.log(found));\n';
  write(project.folder, { "src/smoke.ts": code, "src/page.ts": page, ...Object.fromEntries(readme) });
  await step("node16", typeCheck(project, "node16"));
  await step("bundler", typeCheck(project, "bundler"));
  if (inPage) for (const [name, build] of Object.entries(bundlers)) await step(name, build(project));
  if (inNode) {
    await step("node", runInNode(project));
    await step("commonjs", runInCommonJs(project));
    await step("jest", runInJest(project));
  }
  // TensorFlow.js is made of CommonJS in parts, and wants a GPU for one engine: `npm run bundle` tries it in pages.
  if (inPage && !set.packages.some((name) => name.startsWith("@tensorflow/"))) {
    await step("page", runInPage(project, browser));
    await step("worker", runInWorker(project, browser));
  }
  return outcomes;
}

/** The row of the project that `dforce init` starts. */
async function tryTemplate(
  project: Project,
  packs: ReadonlyMap<string, string>,
  browser: Browser,
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const steps: readonly (readonly [(typeof cells)[number], () => Promise<Outcome>])[] = [
    ["install", () => startTemplate(project, "packages/cli/dist/main.js", packs)],
    ["node", () => trainTemplate(project)],
    ["vite", () => buildTemplate(project)],
    ["page", () => openTemplate(project, browser)],
  ];
  for (const [name, step] of steps) {
    const found = await step();
    outcomes.set(name, found);
    if (found.ok) continue;
    console.log(`\n--- dforce init: ${name} failed\n${found.output.split("\n").slice(0, 25).join("\n")}`);
    break;
  }
  return outcomes;
}

const root = mkdtempSync(join(tmpdir(), "matrix-"));
const template = "dforce init";
const sets = readmeSets();
const rows: string[][] = [];
let failures = 0;
const browser = await launchChromium();
try {
  const packs = await pack(join(root, "packs"));
  const tools = join(root, "tools");
  await installTools(tools);
  const tried = [
    ...sets.map((set) => ({ name: set.name, attempt: (project: Project) => trySet(project, set, packs, browser) })),
    { name: template, attempt: (project: Project) => tryTemplate(project, packs, browser) },
  ].filter(({ name }) => name.includes(filter));
  for (const [i, { name, attempt }] of tried.entries()) {
    const folder = join(root, `project-${i}`);
    mkdirSync(folder);
    const outcomes = await attempt({ folder: resolve(folder), tools });
    const marks = cells.map(
      (cell) => ({ true: "ok", false: "FAILED", undefined: "" })[`${outcomes.get(cell)?.ok}`] as string,
    );
    failures += marks.filter((mark) => mark === "FAILED").length;
    rows.push([name, ...marks]);
    rmSync(folder, { recursive: true });
  }
} finally {
  await browser.close();
  rmSync(root, { recursive: true, force: true });
}
console.log(`\n${markdownTable([["set", ...cells], ...rows])}`);
console.log(`${rows.length} projects, ${failures} failures.`);
process.exitCode = failures === 0 && rows.length > 0 ? 0 : 1;
