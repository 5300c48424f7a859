/**
 * The recorded cases of the official implementation, one test each, on the reference backend. They are kept outside the
 * repository: `DFORCE_GOLDEN` names their folders, with a colon between them (a semicolon on Windows).
 */
import { existsSync } from "node:fs";
import { delimiter } from "node:path";
import { referenceBackend } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { listCases } from "./case.js";
import { runCase } from "./run-case.js";

const folders = (process.env.DFORCE_GOLDEN ?? "../shared/golden").split(delimiter);

describe.each(folders)("golden cases of %s", (folder) => {
  if (!existsSync(folder)) {
    it.skip(`NOT TESTED: there is no folder ${folder}; DFORCE_GOLDEN names others`, () => undefined);
    process.stderr.write(`\nNOT TESTED: golden cases, there is no folder ${folder}; DFORCE_GOLDEN names others.\n`);
    return;
  }
  it.each(listCases(folder))("%s", async (name) => {
    const { outcome, worst, reason } = await runCase(folder, name, referenceBackend());
    expect({ outcome, reason }, JSON.stringify(worst)).toEqual({ outcome: "ok", reason: undefined });
  });
});
