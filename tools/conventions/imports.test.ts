import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { describeBreaches, findBreaches, importRules } from "./imports.js";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** The breaches among these sources of a core with two floors. */
async function breachesOf(sources: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "imports-")));
  folders.push(folder);
  for (const [path, text] of Object.entries(sources)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const rules = importRules({ core: { engine: [], models: ["engine"], "index.ts": ["engine", "models"] } });
  return describeBreaches(await findBreaches(["packages"], { folder, rules }), []);
}

const core = "packages/core/src";

it("lets rooms import downward, and tests look at everything", async () => {
  const found = await breachesOf({
    [`${core}/engine/tensor.ts`]: "export type Tensor = number;",
    [`${core}/engine/tensor.test.ts`]: 'import "../models/model.js"; import "../../test-support/run.js";',
    [`${core}/models/model.ts`]: 'import type { Tensor } from "../engine/tensor.js"; export type Model = Tensor;',
    [`${core}/index.ts`]: 'export type * from "./models/model.js";',
    "packages/core/test-support/run.ts": 'import "../src/models/model.js";',
  });
  expect(found).toEqual([]);
});

it("finds imports upward, of types too, and of private helpers", async () => {
  const found = await breachesOf({
    [`${core}/engine/tensor.ts`]: 'import type { Model } from "../models/model.js"; export type Tensor = Model;',
    [`${core}/engine/graph.ts`]: 'export type { Model } from "../models/model.js"; import "../../test-support/run.js";',
    [`${core}/models/model.ts`]: 'import "../index.js"; export type Model = number;',
    [`${core}/index.ts`]: "export {};",
    "packages/core/test-support/run.ts": "export {};",
  });
  expect(found.sort()).toEqual([
    `${core}/engine/graph.ts: imports ${core}/models/model.ts; core: engine imports no other room.`,
    `${core}/engine/graph.ts: imports packages/core/test-support/run.ts; what is published imports no test and no private helper.`,
    `${core}/engine/tensor.ts: imports ${core}/models/model.ts; core: engine imports no other room.`,
    `${core}/models/model.ts: imports ${core}/index.ts; core: models imports only engine.`,
  ]);
});

it("finds circles of types", async () => {
  const found = await breachesOf({
    [`${core}/engine/a.ts`]: 'import type { B } from "./b.js"; export type A = B;',
    [`${core}/engine/b.ts`]: 'import type { C } from "./c.js"; export type B = C;',
    [`${core}/engine/c.ts`]: 'import type { A } from "./a.js"; export type C = A;',
  });
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(/engine\/b\.ts > .*engine\/c\.ts > .*engine\/a\.ts; no circles\.$/);
});

it("forgives what is listed, and asks to shorten the list once that is mended", () => {
  const breach = { rule: "no circles", from: "a.ts", to: "b.ts", circle: ["b.ts", "a.ts"] };
  const known = [{ rule: "no circles", from: "a.ts", to: "b.ts" }];
  expect(describeBreaches([breach], known)).toEqual([]);
  expect(describeBreaches([], known)).toEqual([
    "tools/conventions/known-breaches.ts: a.ts no longer imports b.ts; remove it from the list.",
  ]);
});
