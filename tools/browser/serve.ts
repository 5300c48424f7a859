import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";

/** What a small web server answers with. */
export interface Site {
  /** By path, "/index.html". */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
  /** Folders on disk by the path they are served under, "/node_modules/". */
  readonly folders?: Readonly<Record<string, string>>;
  /** Sent with everything. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether text is packed for those who take it so, as hosts do. Default false. */
  readonly compressed?: boolean;
}

export interface Server {
  /** "http://localhost:PORT" */
  readonly origin: string;
  close(): Promise<void>;
}

/** Makes a page isolated from others, which gives it shared memory and with that threads in WebAssembly. */
export const isolationHeaders: Readonly<Record<string, string>> = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

const mediaTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

async function find({ files, folders = {} }: Site, path: string): Promise<string | Uint8Array | undefined> {
  const file = files.get(path);
  if (file !== undefined) return file;
  for (const [prefix, folder] of Object.entries(folders)) {
    const rest = normalize(path.slice(prefix.length));
    if (path.startsWith(prefix) && !rest.startsWith("..")) {
      return await readFile(join(folder, rest)).catch(() => undefined);
    }
  }
  return undefined;
}

/** Serves a site on a free port of this machine. */
export async function serve(site: Site): Promise<Server> {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const body = await find(site, path === "/" ? "/index.html" : path);
    const type = mediaTypes[extname(path === "/" ? "/index.html" : path)] ?? "application/octet-stream";
    const headers = { "Content-Type": type, ...site.headers };
    const packs = site.compressed && /text|json|svg/.test(type) && /gzip/.test(`${request.headers["accept-encoding"]}`);
    if (body !== undefined && packs) {
      response.writeHead(200, { ...headers, "Content-Encoding": "gzip", Vary: "Accept-Encoding" });
      response.end(gzipSync(body));
      return;
    }
    response.writeHead(body === undefined ? 404 : 200, headers);
    response.end(body ?? `There is no ${path}.`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
