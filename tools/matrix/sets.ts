/** What the READMEs tell users to install, and the programs that users then write. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One `npm install` of a README. */
export interface PackageSet {
  /** The README's folder and what its set is for. */
  readonly name: string;
  readonly packages: readonly string[];
}

const scope = "@diffusion-forcing/";
/** An indented line. */
const commandOf = /^ {4}(?:[A-Z_]+=\S+ )?npm (?:install|i) ([^#\n]+)/gm;
/** A cell of a table that lists what a device needs besides the package itself. */
const cellOf = /\| `((?:@tensorflow\/|onnxruntime-)[^`]+)` \|/g;
/** Downloads its library from outside the registry at install; its own README says so. */
const needsMore = /tfjs-node/;

function named(name: string, packages: readonly string[]): PackageSet {
  const others = packages.filter((word) => !word.startsWith(scope)).map((word) => word.replace("@tensorflow/", ""));
  return { name: others.length === 0 ? name : `${name} with ${others.join(", ")}`, packages };
}

/** The sets that a README tells to install, by commands and by tables; the package by itself if it tells of none. */
export function setsIn(readme: string, name: string): PackageSet[] {
  const commands = Array.from(readme.matchAll(commandOf), ([, words = ""]) => words.trim().split(/\s+/))
    .filter((words) => words.every((word) => !word.startsWith("-")))
    .filter((words) => words.some((word) => word.startsWith(scope)));
  const cells = Array.from(readme.matchAll(cellOf), ([, words = ""]) => [
    `${scope}core`,
    `${scope}${name}`,
    ...words.split(" "),
  ]);
  const sets = [...commands, ...cells].filter((packages) => !packages.some((word) => needsMore.test(word)));
  return (sets.length === 0 ? [[`${scope}${name}`]] : sets).map((packages) => named(name, packages));
}

export function readmeSets(): PackageSet[] {
  return readdirSync("packages").flatMap((name) =>
    setsIn(readFileSync(join("packages", name, "README.md"), "utf8"), name),
  );
}

/** Names that pieces of code in READMEs take for granted. */
const grantedTypes: Readonly<Record<string, string>> = {
  graph: 'import("@diffusion-forcing/core/graph").Graph',
  constants: 'import("@diffusion-forcing/core").HostTensorRecord',
  signal: "AbortSignal",
};

/** A piece of a README as a module. */
export interface Piece {
  readonly code: string;
  /** Whether it is about a page or its workers. */
  readonly isPage: boolean;
}

/** The pieces of TypeScript in the READMEs that import only what is installed. */
export function readmePieces(packages: readonly string[]): Piece[] {
  return readdirSync("packages").flatMap((name) => {
    const readme = readFileSync(join("packages", name, "README.md"), "utf8");
    return Array.from(readme.matchAll(/^```ts\n(.*?)^```$/gms), ([, code = ""]) => code)
      .filter((code) => {
        const imported = Array.from(code.matchAll(/from "(@diffusion-forcing\/[\w-]+)/g), ([, name]) => name as string);
        return imported.length > 0 && imported.every((name) => packages.includes(name));
      })
      .map((code) => ({ code: withGranted(code), isPage: /\bself\b|\bdocument\b|new Worker\(/.test(code) }));
  });
}

function withGranted(code: string): string {
  const missing = Object.entries(grantedTypes).filter(
    ([name]) => new RegExp(`\\b${name}\\b`).test(code) && !new RegExp(`(const|let|function) ${name}\\b`).test(code),
  );
  return [...missing.map(([name, type]) => `declare const ${name}: ${type};`), code, "export {};"].join("\n");
}

/** Where a program can be tried: by bundlers for a page, and in Node by itself and in Jest. */
export interface Program {
  readonly code: string;
  readonly inNode: boolean;
  readonly inPage: boolean;
}

const engines: readonly (readonly [string, string, Omit<Program, "code">])[] = [
  ["onnxruntime-node", 'onnxBackend({ device: "cpu" })', { inNode: true, inPage: false }],
  ["onnxruntime-web", 'onnxBackend({ device: "wasm" })', { inNode: false, inPage: true }],
  ["@tensorflow/tfjs-backend-cpu", 'tfjsBackend({ device: "cpu" })', { inNode: true, inPage: true }],
  ["@tensorflow/tfjs-backend-wasm", 'tfjsBackend({ device: "wasm" })', { inNode: true, inPage: true }],
  // In Node it needs a Vulkan driver as well.
  ["@tensorflow/tfjs-backend-webgpu", 'tfjsBackend({ device: "webgpu" })', { inNode: false, inPage: true }],
];

/** A whole program for a set: opens its backend and squares three numbers. */
export function smokeProgram(packages: readonly string[]): Program {
  const [, open = "referenceBackend()", places = { inNode: true, inPage: true }] =
    engines.find(([engine]) => packages.includes(engine)) ?? [];
  const backend = open.slice(0, open.indexOf("("));
  const from = { onnxBackend: "backend-onnx", tfjsBackend: "backend-tfjs" }[backend] ?? "core";
  const code = `import { tensor } from "@diffusion-forcing/core";
import { mul, trace } from "@diffusion-forcing/core/graph";
import { readTensor } from "@diffusion-forcing/core/backend";
import { ${backend} } from "@diffusion-forcing/${from}";

export async function smoke(): Promise<number[]> {
  const backend = await ${open};
  const x = tensor(Float32Array.of(1, 2, 3), [3]);
  const executable = await backend.compile(trace({ x }, (inputs) => ({ y: mul(inputs.x, inputs.x) })));
  const { y } = await executable.run({ x });
  if (y === undefined) throw new Error("There is no y.");
  const { data } = await readTensor(y);
  await backend.dispose();
  return Array.from(data);
}
`;
  return { code, ...places };
}
