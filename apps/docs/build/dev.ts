/** Serves the site while it is written: a change of a page, a demo or a package shows at once. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createServer } from "vitepress";
import { writeApi } from "./api.js";
import { writeRepositoryPages } from "./repository-pages.js";

const site = join(dirname(fileURLToPath(import.meta.url)), "..");

writeRepositoryPages(site);
await writeApi();
const server = await createServer(site);
await server.listen();
server.printUrls();
