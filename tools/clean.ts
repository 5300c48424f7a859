/** Removes what builds leave behind, so that the next build starts from nothing. */
import { readdirSync, rmSync } from "node:fs";

const remove = (path: string): void => rmSync(path, { recursive: true, force: true });

remove(".turbo");
for (const name of readdirSync("packages")) {
  remove(`packages/${name}/dist`);
  remove(`packages/${name}/.turbo`);
}
