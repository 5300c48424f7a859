import { resolve } from "node:path";
import { build, type Metafile } from "esbuild";

/** The runtimes: everything else in a bundle is this library, with its two small dependencies. */
export const runtimePackages: readonly string[] = ["onnxruntime-web", "@tensorflow/*"];

export interface AppBundle {
  /** Contents by path, "/app.js". */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly metafile: Metafile;
}

export interface BundleOptions {
  /** Export conditions, most wanted first; ["source"] bundles the packages from their src. */
  readonly conditions?: readonly string[];
  /** Packages left out, for an import map. */
  readonly external?: readonly string[];
}

/** Bundles apps for the browser, minified and split, under their names: { app: "apps/app.ts" } becomes "/app.js". */
export async function bundleApps(
  entries: Readonly<Record<string, string>>,
  { conditions = [], external = [] }: BundleOptions = {},
): Promise<AppBundle> {
  const outdir = resolve("/bundle");
  const { outputFiles, metafile } = await build({
    entryPoints: { ...entries },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    write: false,
    metafile: true,
    outdir,
    conditions: [...conditions],
    external: [...external],
    logLevel: "silent",
  });
  const files = outputFiles.map(
    ({ path, contents }) => [path.slice(outdir.length).replaceAll("\\", "/"), contents] as const,
  );
  return { files: new Map(files), metafile };
}
