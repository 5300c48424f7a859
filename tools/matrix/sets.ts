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
const scriptOf = /^ {4}(?:[A-Z_]+=\S+ )?npm (?:install|i) ([^#\n]+)/gm;

/** The sets that a README's indented blocks install, global ones left out. */
export function setsIn(readme: string, name: string): PackageSet[] {
  return Array.from(readme.matchAll(scriptOf), ([, words = ""]) => words.trim().split(/\s+/))
    .filter((words) => words.every((word) => !word.startsWith("-")))
    .filter((words) => words.some((word) => word.startsWith(scope)))
    .map((packages) => {
      const others = packages.filter((word) => !word.startsWith(scope)).map((word) => word.replace("@tensorflow/", ""));
      return { name: others.length === 0 ? name : `${name} with ${others.join(", ")}`, packages };
    });
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

/** The pieces of TypeScript in the READMEs that import only what is installed, each as a module. */
export function readmePrograms(packages: readonly string[]): string[] {
  return readdirSync("packages").flatMap((name) => {
    const readme = readFileSync(join("packages", name, "README.md"), "utf8");
    return Array.from(readme.matchAll(/^```ts\n(.*?)^```$/gms), ([, code = ""]) => code)
      .filter((code) => {
        const imported = Array.from(code.matchAll(/from "(@diffusion-forcing\/[\w-]+)/g), ([, name]) => name as string);
        return imported.length > 0 && imported.every((name) => packages.includes(name));
      })
      .map(withGranted);
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
