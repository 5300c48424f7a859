/** Builds the site into dist/: the API reference, the pages, and addresses that work from any folder, even offline. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vitepress";
import { writeApi } from "./api.js";
import { placeholder, relocateSite } from "./relocate.js";
import { writeRepositoryPages } from "./repository-pages.js";

const site = join(dirname(fileURLToPath(import.meta.url)), "..");

writeRepositoryPages(site);
await writeApi();
await build(site, { base: placeholder });
relocateSite(join(site, "dist"));
