import { build } from "esbuild";
import { describe, expect, it } from "vitest";

/** The engines that an app may do without, under names that no package has. */
const absent = {
  "@tensorflow/tfjs-backend-webgpu": "@tensorflow/absent-webgpu",
  "@tensorflow/tfjs-backend-wasm": "@tensorflow/absent-wasm",
};

/** What an app bundles, and what the bundler says of it. */
async function bundle(contents: string) {
  const { errors, warnings, metafile } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    conditions: ["source"],
    logLevel: "silent",
    alias: absent,
  }).catch((error: unknown) => error as Awaited<ReturnType<typeof build>>);
  const outputs = Object.values(metafile?.outputs ?? {});
  const imports = outputs.flatMap((output) => output.imports.map(({ path }) => path));
  return { errors, warnings, imports: imports.sort(), inputs: Object.keys(metafile?.inputs ?? {}) };
}

describe("the browser entry", () => {
  it("bundles where engines are not installed, without a word, and leaves their imports to fail when asked for", async () => {
    const app = 'import { tfjsBackend } from "@diffusion-forcing/backend-tfjs"; globalThis.run = tfjsBackend;';
    const { errors, warnings, imports, inputs } = await bundle(app);
    expect(errors).toEqual([]);
    expect(warnings).toEqual([]);
    expect([...new Set(imports)]).toEqual(["@tensorflow/tfjs-backend-wasm", "@tensorflow/tfjs-backend-webgpu"]);
    expect(inputs.some((path) => path.endsWith("src/web/tfjs-backend.ts"))).toBe(true);
    expect(inputs.filter((path) => path.includes("/backend-tfjs/src/node/"))).toEqual([]);
  });

  it("could not, if an import stood outside of try", async () => {
    const { errors } = await bundle(
      'export const load = () => Promise.all([import("@tensorflow/tfjs-backend-wasm")]);',
    );
    expect(errors.map(({ text }) => text)).toEqual([
      expect.stringContaining('Could not resolve "@tensorflow/absent-wasm"'),
    ]);
  });
});
