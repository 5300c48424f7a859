import { build } from "esbuild";
import { describe, expect, it } from "vitest";

/** Everything that an app which imports the browser entry would bundle, its imports of packages left outside. */
async function bundle() {
  const { metafile, outputFiles } = await build({
    stdin: {
      contents: 'import { onnxBackend } from "@diffusion-forcing/backend-onnx"; globalThis.run = onnxBackend;',
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    conditions: ["source"],
    external: ["onnxruntime-*"],
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  return { inputs: Object.keys(metafile.inputs), imports, code: outputFiles[0]?.text ?? "" };
}

describe("the browser entry", () => {
  it("imports the runtime's right bundles lazily, never the default one, and nothing of Node's", async () => {
    const { inputs, imports, code } = await bundle();
    expect(imports.sort()).toEqual(["onnxruntime-web/wasm", "onnxruntime-web/webgpu"]);
    expect(code).toContain('import("onnxruntime-web/webgpu")');
    expect(inputs.some((path) => path.endsWith("src/web/onnx-backend.ts"))).toBe(true);
    expect(inputs.filter((path) => path.includes("/src/node/"))).toEqual([]);
  });

  it("makes no code at run time, which a content security policy would forbid", async () => {
    expect((await bundle()).code).not.toMatch(/\beval\(|new Function\(/);
  });
});
