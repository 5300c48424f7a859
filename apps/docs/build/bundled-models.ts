import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vitepress";
import { repositoryFolder } from "./repository.js";

/** Where models lie: those of the tasks, and those trained for this site's pages. */
const folders = [join(repositoryFolder, "packages/tasks/models"), join(repositoryFolder, "apps/docs/models")];
const files = ["config.json", "model.safetensors"];

/** Every bundle's files by their path on the site, "models/maze2d-medium/config.json". */
function bundles(): Map<string, string> {
  const found = new Map<string, string>();
  for (const folder of folders.filter((path) => existsSync(path))) {
    for (const name of readdirSync(folder)) {
      for (const file of files) {
        const path = join(folder, name, file);
        if (existsSync(path) && statSync(path).isFile()) found.set(`models/${name}/${file}`, path);
      }
    }
  }
  return found;
}

/** Puts the bundled models beside the pages, in the built folder and in the local server; there is no second copy. */
export function bundledModels(): Plugin {
  let server = false;
  return {
    name: "bundled-models",
    configResolved({ build }) {
      server = build.ssr !== false;
    },
    configureServer({ middlewares }) {
      const found = bundles();
      middlewares.use((request, response, next) => {
        const path = found.get((request.url ?? "").split("?")[0]?.slice(1) ?? "");
        if (path === undefined) return next();
        response.setHeader("Content-Type", path.endsWith(".json") ? "application/json" : "application/octet-stream");
        response.setHeader("Content-Length", statSync(path).size);
        createReadStream(path).pipe(response);
      });
    },
    generateBundle() {
      if (server) return;
      for (const [fileName, path] of bundles()) this.emitFile({ type: "asset", fileName, source: readFileSync(path) });
    },
  };
}
