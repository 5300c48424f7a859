import { gzipSync } from "node:zlib";
import { type AppBundle, bundleApps, runtimePackages } from "../browser/bundle-app.js";

/** Bytes, gzipped, that our own code may take in an app: everything but the runtimes. */
export const sizeLimit = 100_000;

export interface Size {
  readonly name: string;
  readonly minified: number;
  /** As sent with `Content-Encoding: gzip`, all chunks that the app can ever load. */
  readonly gzipped: number;
}

/** Chunks that an entry reaches, lazily or not. */
function reachable({ metafile }: AppBundle, entry: string): Set<string> {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { path: next, external } of metafile.outputs[path]?.imports ?? []) if (!external) visit(next);
  };
  const start = Object.keys(metafile.outputs).find((path) => path.endsWith(`/${entry}.js`));
  if (start === undefined) throw new Error(`The bundle has no ${entry}.js.`);
  visit(start);
  return seen;
}

/**
 * The size of an app of this library without its runtime.
 *
 * @throws Error if something of Node's gets into it, or a package that is no runtime is left outside.
 */
export async function measure(name: string, entry: string, conditions: readonly string[] = []): Promise<Size> {
  // For the platform "browser", esbuild fails on a module of Node's.
  const bundle = await bundleApps({ [name]: entry }, { conditions, external: runtimePackages });
  const paths = reachable(bundle, name);
  for (const path of paths) {
    for (const { path: imported, external } of bundle.metafile.outputs[path]?.imports ?? []) {
      const isRuntime = runtimePackages.some((runtime) => imported.startsWith(runtime.replace("*", "")));
      if (external && !isRuntime) throw new Error(`${name}: the bundle imports "${imported}", which is no runtime.`);
    }
  }
  let [minified, gzipped] = [0, 0];
  for (const [path, contents] of bundle.files) {
    if (![...paths].some((output) => output.endsWith(path))) continue;
    minified += contents.length;
    gzipped += gzipSync(contents, { level: 9 }).length;
  }
  return { name, minified, gzipped };
}
