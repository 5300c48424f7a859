import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, join } from "node:path";
import { testDevices } from "../test-devices/devices.js";

const LINE_BUDGET = 400;

interface Manifest {
  license?: string;
  homepage?: string;
  bugs?: string;
  repository?: { url?: string; directory?: string };
  exports?: Record<string, string | { source: string }>;
}

interface SourceFile {
  path: string;
  text: string;
}

function readSources(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !/node_modules|\/dist\//.test(name))
    .sort()
    .map((name) => ({ path: join(folder, name), text: readFileSync(join(folder, name), "utf8") }));
}

function* lineBudget({ path, text }: SourceFile): Iterable<string> {
  const lines = text.trimEnd().split("\n").length;
  if (lines > LINE_BUDGET) yield `${path}: ${lines} lines; split it, the budget is ${LINE_BUDGET}.`;
}

function* indexOnlyReexports({ path, text }: SourceFile): Iterable<string> {
  if (basename(path) !== "index.ts") return;
  const rest = text
    .replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "")
    .replace(/export\s+(type\s+)?(\*(\s+as\s+\w+)?|\{[^}]*\})\s+from\s+"[^"]+";/g, "")
    .trim();
  if (rest !== "") yield `${path}: an index.ts only re-exports; move this out: ${rest.split("\n")[0]}`;
}

/** Test projects find the tests of a device by their names. */
function* conformanceNamesItsDevice({ path }: SourceFile): Iterable<string> {
  const name = /([^/\\]+)\.conformance(\.browser)?\.test\.ts$/.exec(path);
  if (name === null) return;
  const device = testDevices.find((candidate) => name[1]?.split(".").includes(candidate.name));
  if (device === undefined) {
    const names = testDevices.map((candidate) => candidate.name).join(", ");
    yield `${path}: call it DEVICE.conformance.test.ts (.conformance.browser.test.ts in Chromium), DEVICE one of ${names}.`;
  } else if (device.host === "chromium" && name[2] === undefined) {
    yield `${path}: ${device.name} runs in Chromium; call it ${device.name}.conformance.browser.test.ts.`;
  }
}

function* testStandsBesideItsFile({ path }: SourceFile): Iterable<string> {
  // A conformance file is named after its device. `physics.parity.test.ts` is a second test of `physics.ts`.
  if (/\.conformance(\.browser)?\.test\.ts$/.test(path)) return;
  const subject = path.replace(/(\.[a-z-]+)*\.test\.ts$/, ".ts");
  if (subject !== path && !existsSync(subject)) yield `${path}: there is no ${basename(subject)} beside this test.`;
}

/** Core has to load in a page and in a worker. */
function* coreWithoutNode({ path, text }: SourceFile): Iterable<string> {
  if (!path.startsWith(join("packages", "core", "src")) || path.endsWith(".test.ts")) return;
  // The one room that only the subpath `/node` leads to.
  if (path.startsWith(join("packages", "core", "src", "node"))) return;
  for (const [, specifier = ""] of text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
    if (isBuiltin(specifier)) yield `${path}: core must not import the Node module "${specifier}".`;
  }
}

/** An array of another realm, of a frame or of Jest's sandbox, is an array as well, and an instance of nothing here. */
function* arraysOfAnyRealm({ path, text }: SourceFile): Iterable<string> {
  if (!path.startsWith("packages") || path.endsWith(".test.ts")) return;
  const found = /instanceof \w*(Array|ArrayBuffer|Promise)\b/.exec(text);
  if (found !== null) yield `${path}: ${found[0]} fails for another realm's; ask typedArrayName, or for what it has.`;
}

function* packageIsComplete(folder: string): Iterable<string> {
  for (const name of ["README.md", "LICENSE", "tsconfig.json", "tsconfig.build.json"]) {
    if (!existsSync(join(folder, name))) yield `${folder}: ${name} is missing.`;
  }
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  if (manifest.license !== "MIT") yield `${folder}/package.json: license is ${manifest.license}; expected MIT.`;
  // npm's provenance compares them with the repository that publishes.
  if (!manifest.repository?.url?.startsWith("git+https://") || manifest.repository.directory !== folder) {
    yield `${folder}/package.json: repository needs a url, "git+https://...", and the directory "${folder}".`;
  }
  for (const field of ["homepage", "bugs"] as const) {
    if (manifest[field] === undefined) yield `${folder}/package.json: ${field} is missing.`;
  }
  for (const [subpath, target] of Object.entries(manifest.exports ?? {})) {
    const source = typeof target === "string" ? target : target.source;
    if (!existsSync(join(folder, source)))
      yield `${folder}/package.json: exports "${subpath}" names no file: ${source}`;
  }
}

/** The README shows the quickstart example as it runs. */
function* readmeShowsTheExample(): Iterable<string> {
  const example = readFileSync(join("examples", "quickstart.ts"), "utf8").trim();
  if (!readFileSync("README.md", "utf8").includes(example)) {
    yield "README.md: the code sample is not examples/quickstart.ts; copy it anew.";
  }
}

const fileRules = [
  lineBudget,
  indexOnlyReexports,
  conformanceNamesItsDevice,
  testStandsBesideItsFile,
  coreWithoutNode,
  arraysOfAnyRealm,
];

export interface FilesChecked {
  readonly files: number;
  readonly breaches: readonly string[];
}

/** Every source of the packages, tools and apps against the rules of a file, and every package against those of a package. */
export function checkFiles(): FilesChecked {
  const packages = readdirSync("packages").map((name) => join("packages", name));
  const sources = [...packages.map((folder) => join(folder, "src")), "tools", "apps"].flatMap(readSources);
  const breaches = [
    ...readmeShowsTheExample(),
    ...packages.flatMap((folder) => [...packageIsComplete(folder)]),
    ...sources.flatMap((file) => fileRules.flatMap((rule) => [...rule(file)])),
  ];
  return { files: sources.length, breaches };
}
