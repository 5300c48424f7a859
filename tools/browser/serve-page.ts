import { bundleApps } from "./bundle-app.js";
import { runtimeImports } from "./runtime-imports.js";
import { isolationHeaders, type Server, serve } from "./serve.js";

export interface PageOptions {
  /** Whether the page may share memory, and so use threads. Default true. */
  readonly isolated?: boolean;
}

/** ONNX Runtime loads its .wasm files from beside its own module, so it stays where it is. */
const onnxRuntime = Object.fromEntries(
  Object.entries(runtimeImports).filter(([specifier]) => specifier.startsWith("onnxruntime-web/")),
);

/**
 * Bundles an app of the tools from the sources of all packages and serves it at "/", with the runtimes' .wasm files
 * where the runtimes look for them.
 */
export async function servePage(entry: string, { isolated = true }: PageOptions = {}): Promise<Server> {
  const { files } = await bundleApps({ page: entry }, { conditions: ["source"], external: Object.keys(onnxRuntime) });
  const map = JSON.stringify({ imports: onnxRuntime });
  const html = `<!doctype html><script type="importmap">${map}</script><script type="module" src="/page.js"></script>`;
  return await serve({
    files: new Map<string, string | Uint8Array>([...files, ["/index.html", html]]),
    // TensorFlow.js is bundled, since its modules name Node's, and looks beside the bundle.
    folders: { "/node_modules/": "node_modules", "/": "node_modules/@tensorflow/tfjs-backend-wasm/dist" },
    headers: isolated ? isolationHeaders : {},
  });
}
