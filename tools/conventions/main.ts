/** Checks the house rules that neither the compiler nor the linter knows; prints each breach and fails if there is one. */
import { checkFiles } from "./files.js";
import { describeBreaches, findBreaches } from "./imports.js";

const { files, breaches } = checkFiles();
const imports = describeBreaches(await findBreaches(["packages", "tools", "examples", "apps"]));
for (const breach of [...breaches, ...imports]) console.error(breach);
const count = breaches.length + imports.length;
console.log(`${files} files and all their imports: ${count} breaches of the conventions.`);
process.exitCode = count === 0 ? 0 : 1;
