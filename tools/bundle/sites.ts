/** The same apps, brought to a browser in the ways that users have. */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { transformSync } from "esbuild";
import { createServer, build as viteBuild } from "vite";
import { bundleApps } from "../browser/bundle-app.js";
import { type Server, type Site, serve } from "../browser/serve.js";

/** Apps by name, one per backend, with the devices they are tried on. */
export const apps: Readonly<Record<string, readonly string[]>> = {
  reference: ["cpu"],
  onnx: ["wasm", "webgpu"],
  tfjs: ["wasm", "webgpu"],
};
const names = Object.keys(apps);

/** A way to the browser. */
export interface Delivery {
  readonly name: string;
  /** Whether its workers can be tried: import maps do not reach into them. */
  readonly workers: boolean;
  /** Further sources of scripts that its content security policy has to name. */
  readonly scriptSources: readonly string[];
  readonly servings: readonly Serving[];
  serve(headers: Readonly<Record<string, string>>): Promise<Server>;
}

/** How pages are served: isolated from others, which gives them threads, and with a policy that lets scripts be blobs. */
export interface Serving {
  readonly isolated: boolean;
  readonly blobs: boolean;
}

const strict: readonly Serving[] = [
  { isolated: false, blobs: false },
  { isolated: true, blobs: false },
];
const withBlobs: Serving = { isolated: true, blobs: true };

const tfjsWasm = "node_modules/@tensorflow/tfjs-backend-wasm/dist";
const wasmFolder = "public/wasm";

const libraries = ["core", "backend-onnx", "backend-tfjs"];

/** A project as a user would have it: plain modules that import packages, installed as they are published. */
export function writeProject(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  for (const library of libraries) {
    // Copies, not the links of this repository: bundlers treat linked packages as the user's own sources.
    const installed = join(folder, "node_modules", "@diffusion-forcing", library);
    for (const part of ["package.json", "dist"]) {
      cpSync(join("packages", library, part), join(installed, part), { recursive: true });
    }
  }
  for (const source of ["tools/bundle/apps", "tools/browser/apps"]) {
    mkdirSync(join(folder, source), { recursive: true });
    for (const name of readdirSync(source).filter((file) => file.endsWith(".ts"))) {
      const { code } = transformSync(readFileSync(join(source, name), "utf8"), { loader: "ts", target: "es2022" });
      writeFileSync(join(folder, source, name.replace(/\.ts$/, ".js")), code);
    }
  }
  // What users copy to a folder they serve, which Vite takes from `public`.
  for (const file of readdirSync(tfjsWasm).filter((name) => name.endsWith(".wasm"))) {
    cpSync(join(tfjsWasm, file), join(folder, wasmFolder, file));
  }
  for (const name of names) writeFileSync(join(folder, `${name}.html`), page(`/tools/bundle/apps/${name}.js`));
}

const serving =
  (site: Site): Delivery["serve"] =>
  (headers) =>
    serve({ ...site, headers });

const page = (script: string, head = ""): string =>
  `<!doctype html><meta charset="utf-8"><title>Bundle</title>${head}<script type="module" src="${script}"></script>\n`;

/** `assets`: files of the runtimes that esbuild does not copy, by name. */
export async function esbuildDelivery(project: string, assets: Readonly<Record<string, string>>): Promise<Delivery> {
  const entries = names.flatMap((name) => [name, `${name}-worker`]);
  const bundle = await bundleApps(
    Object.fromEntries(entries.map((name) => [name, join(project, "tools/bundle/apps", `${name}.js`)])),
  );
  const files = new Map<string, string | Uint8Array>(bundle.files);
  for (const name of names) files.set(`/${name}.html`, page(`/${name}.js`));
  for (const [name, path] of Object.entries(assets)) files.set(`/${name}`, readFileSync(path));
  return {
    name: "esbuild",
    servings: [...strict, withBlobs],
    workers: true,
    scriptSources: [],
    serve: serving({ files, folders: { "/wasm/": join(project, wasmFolder) } }),
  };
}

/**
 * `compress: false` for the threads of TensorFlow.js: compressing takes `typeof x !== "undefined"` away from a function
 * that is sent to them as text, where x is not defined.
 */
export async function viteDelivery(project: string, { compress }: { compress: boolean }): Promise<Delivery> {
  const outDir = join(project, "dist");
  const output = compress ? {} : { minify: { compress: false, mangle: true, codegen: true } };
  await viteBuild({
    root: project,
    configFile: false,
    logLevel: "error",
    build: {
      outDir,
      rollupOptions: {
        input: names.map((name) => resolve(project, `${name}.html`)),
        output,
      },
    },
    worker: { rollupOptions: { output } },
  });
  const site = { files: new Map(), folders: { "/": outDir } };
  const name = compress ? "vite build" : "vite build, not compressed";
  return { name, workers: true, servings: compress ? strict : [withBlobs], scriptSources: [], serve: serving(site) };
}

/** Vite's server for development, which serves modules one by one and converts dependencies into its cache. */
export function viteServerDelivery(project: string): Delivery {
  return {
    name: "vite dev",
    servings: [...strict, withBlobs],
    workers: true,
    scriptSources: [],
    serve: async (headers) => {
      const server = await createServer({
        root: project,
        configFile: false,
        logLevel: "error",
        cacheDir: join(project, ".vite"),
        server: { headers: { ...headers }, host: "127.0.0.1", port: 0, strictPort: false },
      });
      await server.listen();
      const origin = new URL(server.resolvedUrls?.local[0] as string).origin;
      return { origin, close: () => server.close() };
    },
  };
}

/** No bundler: modules as they are published, found through an import map. `imports` beyond the library's own. */
export function importMapDelivery(project: string, imports: Readonly<Record<string, string>>): Delivery {
  const map = JSON.stringify({ imports });
  const hash = createHash("sha256").update(map).digest("base64");
  const files = new Map(
    names.map((name) => [
      `/${name}.html`,
      page(`/project/tools/bundle/apps/${name}.js`, `<script type="importmap">${map}</script>`),
    ]),
  ).set("/empty.js", "export default {};");
  const folders = {
    "/project/": project,
    "/node_modules/": "node_modules",
    "/wasm/": join(project, wasmFolder),
  };
  const scriptSources = [`'sha256-${hash}'`];
  return {
    name: "import map",
    workers: false,
    servings: [...strict, withBlobs],
    scriptSources,
    serve: serving({ files, folders }),
  };
}
