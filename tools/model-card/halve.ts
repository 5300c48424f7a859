/**
 * A bundle with its weights in float16, half as large: `npm run halve-model -- FOLDER NEW`.
 * Weights that were rounded are those that are measured afterwards: evaluate the new folder.
 */
import { loadBundle, saveBundle } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) {
  console.error("usage: npm run halve-model -- FOLDER NEW");
  process.exit(2);
}
await saveBundle(await loadBundle(folderStore(from)), folderStore(to), { weights: "float16" });
