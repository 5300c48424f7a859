import { describe, expect, it } from "vitest";
import { categoricalCodec } from "../codecs/index.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { diffusionForcing } from "../forcing.js";
import { cpHead, initializeParameters, transformer } from "../models/index.js";
import { cosineSchedule } from "../process/index.js";
import { sampleSymbols, symbolPrior } from "../sampling/index.js";
import { failure } from "../testing/fixtures/failure.js";
import { encodeBundle, loadBundle, saveBundle } from "./bundle.js";
import type { SymbolBundle } from "./bundle-kinds.js";
import { filesStore } from "./sources/source.js";

const backend = referenceBackend();
const head = cpHead({ categories: 3, ahead: 2, rank: 2 });
const small = { width: 8, layers: 1, heads: 2, feedForward: 12 } as const;
const model = transformer({ ...small, features: 3, outputs: head.outputs });
const parameters = initializeParameters(model, createRandom(1));
const bundle: SymbolBundle = {
  model,
  head,
  parameters,
  codec: categoricalCodec({ categories: 3 }),
  trainedOn: { tokens: [5, 5] },
  card: { name: "three letters" },
};
const kinds = ["multi-token"] as const;

/** The files with `config.json` edited by hand. */
function edited(change: (config: Record<string, unknown>) => unknown): Record<string, Uint8Array> {
  const files = encodeBundle(bundle);
  const config = JSON.parse(new TextDecoder().decode(files["config.json"])) as Record<string, unknown>;
  return { ...files, "config.json": new TextEncoder().encode(JSON.stringify(change(config))) };
}

describe("a bundle of a model of symbols", () => {
  it("says in its configuration what it is", () => {
    const { "config.json": config, ...rest } = encodeBundle({ model, head, parameters });
    expect(JSON.parse(new TextDecoder().decode(config))).toEqual({
      kind: "multi-token",
      version: 1,
      head: { kind: "cp", categories: 3, ahead: 2, rank: 2 },
      model: model.config,
    });
    expect(Object.keys(rest)).toEqual(["model.safetensors"]);
  });

  it("comes back whole, weights bit for bit, and decodes and weighs the same symbols", async () => {
    const files: Record<string, Uint8Array> = {};
    await saveBundle(bundle, filesStore(files));
    const loaded = await loadBundle(filesStore(files), { kinds });
    expect(loaded.parameters).toEqual(parameters);
    expect(loaded.model.config).toEqual(model.config);
    expect(loaded.head.config).toEqual(head.config);
    expect(loaded.codec?.config).toEqual(bundle.codec?.config);
    expect([loaded.trainedOn, loaded.card]).toEqual([bundle.trainedOn, bundle.card]);
    const sampled = (of: SymbolBundle) =>
      sampleSymbols({ backend, model: of.model, head: of.head, parameters: of.parameters, length: 5, seed: 5 });
    expect(await sampled(loaded)).toEqual(await sampled(bundle));
    const weighed = (of: SymbolBundle) =>
      symbolPrior({ backend, model: of.model, head: of.head, parameters: of.parameters, length: 4 }).logProbs([[0, 2]]);
    expect(await weighed(loaded)).toEqual(await weighed(bundle));
    expect(encodeBundle(loaded)["model.safetensors"]).toEqual(files["model.safetensors"]);
  });

  it("is not taken for a diffusion, nor a diffusion for it, unless either is expected", async () => {
    const diffusion = diffusionForcing({ model: transformer({ ...small, features: 2 }), schedule: cosineSchedule(20) });
    const other = encodeBundle({ diffusion, parameters: initializeParameters(diffusion.model, createRandom(1)) });
    const symbols = filesStore(encodeBundle(bundle));
    expect(await failure(() => loadBundle(symbols))).toMatch(
      /^invalid-config: .*config\.json: kind is "multi-token", a model that predicts symbols, which sampleSymbols\(\) draws from; expected "diffusion-forcing"\. In code, loadBundle\(source, \{ kinds: \["multi-token"\] \}\) reads it\.$/,
    );
    expect(await failure(() => loadBundle(filesStore(other), { kinds }))).toContain('kind is "diffusion-forcing", a');
    const either = ["multi-token", "diffusion-forcing"] as const;
    const found = await Promise.all([symbols, filesStore(other)].map((files) => loadBundle(files, { kinds: either })));
    expect(found.map((one) => "head" in one)).toEqual([true, false]);
    const options = { kinds: ["music"] } as never;
    expect(await failure(() => loadBundle(symbols, options))).toBe(
      'invalid-argument: loadBundle: kinds.0 is "music"; expected "diffusion-forcing" or "multi-token".',
    );
  });

  it.each<[string, (config: Record<string, unknown>) => unknown, RegExp]>([
    ["without a head", ({ head: _, ...rest }) => rest, /head is missing/],
    ["with a process", (config) => ({ ...config, process: {} }), /there is no option process/],
    ["of a head unknown", (config) => ({ ...config, head: { kind: "tree" } }), /kind is "tree"; expected "cp"/],
    ["of a head without an alphabet", (config) => ({ ...config, head: { kind: "cp" } }), /categories is missing/],
    [
      "of another head",
      (config) => ({ ...config, head: { kind: "cp", categories: 3, ahead: 3, rank: 2 } }),
      /head: the model takes tokens \[3\], gives \[14\].*expected features: 3, outputs: 20, causal: true/,
    ],
    [
      "of a head of the same size",
      (config) => ({
        ...config,
        head: { kind: "cp", categories: 3, ahead: 1, rank: 1 },
        model: { ...model.config, outputs: 4 },
      }),
      /saved with another config\.json/,
    ],
    [
      "of a model that sees what it predicts",
      (config) => ({ ...config, model: { ...model.config, causal: false } }),
      /has causal: false/,
    ],
  ])("%s is refused", async (_name, change, message) => {
    const found = await failure(() => loadBundle(filesStore(edited(change)), { kinds }));
    expect(found).toMatch(/^(invalid-config|checkpoint-mismatch): .*config\.json/);
    expect(found).toMatch(message);
  });

  it("is not written for a model of another head, nor with weights of another", async () => {
    const save = (changed: Partial<SymbolBundle>) => failure(() => encodeBundle({ ...bundle, ...changed }));
    expect(await save({ head: cpHead({ categories: 3 }) })).toMatch(/^invalid-config: saveBundle: .*outputs: 4/);
    expect(await save({ parameters: {} })).toMatch(/^checkpoint-mismatch/);
    expect(await save({ head: {} as never })).toMatch(/^invalid-argument: saveBundle: head is .*expected a head/);
  });
});
