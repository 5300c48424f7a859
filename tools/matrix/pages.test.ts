import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { importMapOf } from "./pages.js";
import { write } from "./project.js";

it("an import map has what pages get of each package", () => {
  const folder = mkdtempSync(join(tmpdir(), "pages-"));
  const exports = {
    ".": { types: "./dist/index.d.ts", default: "./dist/index.js" },
    "./web": { node: "./dist/node.js", browser: { types: "./w.d.ts", default: "./dist/web.js" } },
    "./files/*": "./files/*",
    "./node": { node: "./dist/only-node.js" },
  };
  write(folder, {
    "@mine/core/package.json": JSON.stringify({ exports }),
    "old/package.json": JSON.stringify({ main: "index.cjs", module: "./index.mjs" }),
    ".bin/x": "",
  });
  expect(importMapOf(folder)).toEqual({
    "@mine/core": "/node_modules/@mine/core/dist/index.js",
    "@mine/core/web": "/node_modules/@mine/core/dist/web.js",
    old: "/node_modules/old/index.mjs",
  });
  rmSync(folder, { recursive: true });
});
