import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { serve } from "./serve.js";

describe("serve", () => {
  it("serves files and folders with its headers, and nothing beside the folders", async () => {
    const root = mkdtempSync(join(tmpdir(), "serve-"));
    mkdirSync(join(root, "public"));
    writeFileSync(join(root, "public", "a.wasm"), "wasm");
    writeFileSync(join(root, "secret.txt"), "secret");
    const server = await serve({
      files: new Map([["/index.html", "<p>hello"]]),
      folders: { "/files/": join(root, "public") },
      headers: { "X-Test": "yes" },
    });
    try {
      const get = async (path: string): Promise<(string | number | null)[]> => {
        const response = await fetch(server.origin + path);
        return [response.status, response.headers.get("content-type"), await response.text()];
      };
      expect(await get("/")).toEqual([200, "text/html; charset=utf-8", "<p>hello"]);
      expect(await get("/files/a.wasm")).toEqual([200, "application/wasm", "wasm"]);
      expect((await get("/files/b.wasm"))[0]).toBe(404);
      expect((await get("/files/..%2fsecret.txt"))[0]).toBe(404);
      expect((await get("/secret.txt"))[0]).toBe(404);
      expect((await fetch(server.origin)).headers.get("x-test")).toBe("yes");
    } finally {
      await server.close();
      rmSync(root, { recursive: true });
    }
  });

  it("packs text where that is asked for, and nothing else", async () => {
    const files = new Map([
      ["/a.js", "1;".repeat(100)],
      ["/a.wasm", "wasm"],
    ]);
    const server = await serve({ files, compressed: true });
    try {
      const encodings = ["/a.js", "/a.wasm", "/none.js"].map(async (path) => {
        const response = await fetch(server.origin + path);
        return [response.status, response.headers.get("content-encoding"), (await response.text()).length];
      });
      expect(await Promise.all(encodings)).toEqual([
        [200, "gzip", 200],
        [200, null, 4],
        [404, null, 21],
      ]);
    } finally {
      await server.close();
    }
  });
});
