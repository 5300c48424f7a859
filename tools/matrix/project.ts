import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What a command came to: its output is only of interest if it failed. */
export interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs a program to its end; it never throws. */
export function run(folder: string, program: string, args: readonly string[], environment = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      program,
      [...args],
      { cwd: folder, maxBuffer: 1e8, timeout: 600_000, env: { ...process.env, ...environment } },
      (error, stdout, stderr) => {
        const ending = error === null ? "" : `\n(ended with ${error.signal ?? error.code})`;
        resolve({ ok: error === null, output: `${stdout}${stderr}${ending}`.trim() });
      },
    );
  });
}

/** Options of npm. */
export const quiet: readonly string[] = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];

/** The packs depend on each other by version, and no registry has these versions: every one comes from its pack. */
export function overridesOf(packs: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  return Object.fromEntries([...packs].map(([name, path]) => [name, `file:${path}`]));
}

/** A project as a user has it: outside of this repository, so that nothing is found that was not installed. */
export interface Project {
  readonly folder: string;
  /** Where `bundlers/package.json` is installed. */
  readonly tools: string;
}

export function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** A file of the installed tools. */
export const tool = ({ tools }: Project, path: string): string => join(tools, "node_modules", path);

/** Type-checks `src` with declarations of libraries included, and writes it to `build` as JavaScript. */
export function typeCheck(project: Project, resolution: "node16" | "bundler"): Promise<Outcome> {
  const inNode = resolution === "node16";
  const compilerOptions = {
    target: "ES2022",
    // Node's types know what a program in Node knows, those of the DOM what a page knows.
    ...(inNode
      ? { lib: ["ES2022"], types: ["node"], typeRoots: [tool(project, "@types")] }
      : { lib: ["ES2022", "DOM", "DOM.Iterable"], types: [] }),
    module: inNode ? "node16" : "esnext",
    moduleResolution: resolution,
    strict: true,
    skipLibCheck: false,
    rootDir: "src",
    outDir: "build",
  };
  const config = `tsconfig.${resolution}.json`;
  write(project.folder, {
    [config]: JSON.stringify({ compilerOptions, include: ["src"], exclude: inNode ? ["src/page-*"] : [] }),
  });
  return run(project.folder, process.execPath, [tool(project, "typescript/bin/tsc"), "-p", config]);
}

const entry = "build/page.js";
const page = '<!doctype html><script type="module" src="/build/page.js"></script>\n';

/** Bundles `build/page.js` with the defaults of each bundler. */
export const bundlers: Readonly<Record<string, (project: Project) => Promise<Outcome>>> = {
  esbuild: (project) =>
    run(project.folder, tool(project, "esbuild/bin/esbuild"), [
      entry,
      "--bundle",
      "--splitting",
      "--format=esm",
      "--outdir=out/esbuild",
      "--log-level=warning",
    ]),
  webpack: (project) => {
    const rules = "{ mode: 'production', performance: { hints: false }, entry: './build/page.js' }";
    write(project.folder, { "webpack.config.cjs": `module.exports = ${rules};\n` });
    const output = ["--output-path", join(project.folder, "out/webpack")];
    return run(project.folder, process.execPath, [
      tool(project, "webpack-cli/bin/cli.js"),
      "--config",
      "webpack.config.cjs",
      ...output,
    ]);
  },
  vite: (project) => {
    write(project.folder, { "index.html": page });
    return run(project.folder, process.execPath, [
      tool(project, "vite/bin/vite.js"),
      "build",
      "--outDir",
      "out/vite",
      "--logLevel",
      "warn",
    ]);
  },
};

/** What the program computes. */
export const squares = "[1,4,9]";

/** Runs the program in plain Node and compares what it computes. */
export function runInNode(project: Project): Promise<Outcome> {
  const program = `import { smoke } from "./build/smoke.js";
const found = JSON.stringify(await smoke());
if (found !== "${squares}") throw new Error("computed " + found);
process.exit(0);
`;
  write(project.folder, { "run.mjs": program });
  return run(project.folder, process.execPath, ["run.mjs"]);
}

/** A module's code as that of a function: what it imported it now imports when it runs. */
export function asCommonJs(code: string): string {
  const body = code
    .replaceAll(/^import \{([^}]*)\} from ("[^"]+");$/gm, (_, names: string, from: string) => {
      return `const {${names.replaceAll(" as ", ": ")}} = await import(${from});`;
    })
    .replaceAll(/^export /gm, "");
  return `async function load() {\n${body}\nreturn smoke;\n}\n`;
}

/** Runs the program in a CommonJS module, which gets the packages by dynamic imports. */
export function runInCommonJs(project: Project): Promise<Outcome> {
  const module = asCommonJs(readFileSync(join(project.folder, "build/smoke.js"), "utf8"));
  const program = `${module}load().then((smoke) => smoke()).then((found) => {
  if (JSON.stringify(found) !== "${squares}") throw new Error("computed " + found);
  process.exit(0);
});
`;
  write(project.folder, { "run.cjs": program });
  return run(project.folder, process.execPath, ["run.cjs"]);
}

/** Runs the program in Jest, whose tests live in a realm of their own. */
export function runInJest(project: Project): Promise<Outcome> {
  const test = `import { expect, test } from "@jest/globals";
import { smoke } from "./build/smoke.js";
test("squares", async () => expect(JSON.stringify(await smoke())).toBe("${squares}"), 60000);
`;
  const config = {
    rootDir: ".",
    testMatch: ["<rootDir>/*.test.mjs"],
    moduleFileExtensions: ["mjs", "js", "json"],
    transform: {},
  };
  write(project.folder, { "smoke.test.mjs": test, "jest.config.json": JSON.stringify(config) });
  return run(
    project.folder,
    process.execPath,
    ["--experimental-vm-modules", tool(project, "jest/bin/jest.js"), "-c", "jest.config.json", "--forceExit"],
    { NODE_NO_WARNINGS: "1" },
  );
}
