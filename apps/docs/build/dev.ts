/** Serves the site while it is written: a change of a page, a demo or a package shows at once. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createServer } from "vitepress";
import { writeApi } from "./api.js";

await writeApi();
const server = await createServer(join(dirname(fileURLToPath(import.meta.url)), ".."));
await server.listen();
server.printUrls();
