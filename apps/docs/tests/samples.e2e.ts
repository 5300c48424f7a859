import { join } from "node:path";
import { build, type Rollup } from "vite";
import { expect, it } from "vitest";
import { isolationHeaders, serve } from "../../../tools/browser/serve.js";
import { launchChromium } from "../../../tools/browser/visit.js";

const folder = join(import.meta.dirname, "../samples/browser");

it("the page and the worker of the quickstart, as Vite builds them, train and sample", async () => {
  const { output } = (await build({
    root: folder,
    configFile: false,
    logLevel: "error",
    resolve: { conditions: ["source", "module", "browser", "development|production"] },
    worker: { format: "es" },
    build: {
      write: false,
      target: "es2022",
      rollupOptions: { input: join(folder, "main.ts"), output: { entryFileNames: "main.js" } },
    },
  })) as Rollup.RollupOutput;
  const files = new Map<string, string | Uint8Array>(
    output.map((file) => [`/${file.fileName}`, file.type === "chunk" ? file.code : file.source]),
  );
  files.set("/index.html", '<!doctype html><title>Sample</title><body><script type="module" src="/main.js"></script>');
  const server = await serve({ files, headers: isolationHeaders });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(server.origin);
    await page.getByText("a sample").waitFor({ timeout: 180_000 });
    const printed = await page.locator("body").textContent();
    expect(printed?.trim()).toMatch(/^onnx\/(wasm|webgpu): loss \d\.\d\d, a sample( -?\d\.\d){12}$/);
  } finally {
    await browser.close();
    await server.close();
  }
});
