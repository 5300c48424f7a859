import { describe, expect, it } from "vitest";
import {
  autoencoderCodec,
  type Codec,
  type CodecReader,
  chainCodecs,
  frameStackCodec,
  normalizationCodec,
  variationalAutoencoder,
} from "../codecs/index.js";
import { isDiffusionForcingError } from "../engine/errors.js";
import { createRandom } from "../engine/random/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { diffusionForcing } from "../forcing.js";
import { initializeParameters, transformer } from "../models/index.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { encodeBundle, loadBundle, saveBundle } from "./bundle.js";
import type { Bundle } from "./bundle-kinds.js";
import { decodeSafetensors } from "./safetensors.js";
import { filesStore } from "./sources/source.js";
import { encodeWeights } from "./weights.js";

const model = transformer({ features: 4, width: 8, heads: 2, layers: 1, feedForward: 8 });
const diffusion = diffusionForcing({ model, schedule: cosineSchedule(50), objective: "x0" });
const bundle: Bundle = {
  diffusion,
  parameters: initializeParameters(model, createRandom(1)),
  codec: chainCodecs([normalizationCodec({ mean: [1, 2], std: [3, 4] }), frameStackCodec(2)]),
  task: { kind: "waves", size: 3 },
  trainedOn: { tokens: [3, 22], values: [-2, 2.5] },
  card: { name: "waves", license: "MIT", training: { steps: 100 } },
};

function filesOf(changed: Partial<Bundle> = {}): Record<string, Uint8Array<ArrayBuffer>> {
  return encodeBundle({ ...bundle, ...changed });
}

/** The files with `config.json` edited by hand. */
function edited(change: (config: Record<string, unknown>) => unknown): Record<string, Uint8Array> {
  const files = filesOf();
  const config = JSON.parse(new TextDecoder().decode(files["config.json"])) as Record<string, unknown>;
  return { ...files, "config.json": new TextEncoder().encode(JSON.stringify(change(config))) };
}

async function failure(files: Record<string, Uint8Array>): Promise<string> {
  return loadBundle(filesStore(files)).then(
    () => "loaded",
    (error) => (isDiffusionForcingError(error) ? `${error.code}: ${error.message}` : `not ours: ${error}`),
  );
}

describe("a bundle", () => {
  it("comes back as it was saved, weights bit for bit", async () => {
    const files: Record<string, Uint8Array> = {};
    await saveBundle(bundle, filesStore(files));
    expect(Object.keys(files).sort()).toEqual(["config.json", "model.safetensors"]);
    const loaded = await loadBundle(filesStore(files));
    expect(loaded.parameters).toEqual(bundle.parameters);
    expect(loaded.diffusion.model.config).toEqual(model.config);
    expect(loaded.diffusion.process.config).toEqual(diffusion.process.config);
    expect(loaded.diffusion.lossWeighting).toEqual(diffusion.lossWeighting);
    const { task, trainedOn, card } = loaded;
    expect({ task, trainedOn, card }).toEqual({ task: bundle.task, trainedOn: bundle.trainedOn, card: bundle.card });
    expect(loaded.codec?.config).toEqual(bundle.codec?.config);
    expect(await loaded.codec?.decode(tensor([0, 0, 1, 1], [1, 1, 4]))).toEqual(tensor([1, 2, 4, 6], [1, 2, 2]));
    const again = encodeBundle(loaded);
    expect(again["model.safetensors"]).toEqual(files["model.safetensors"]);
    const json = (file: Uint8Array | undefined): unknown => JSON.parse(new TextDecoder().decode(file));
    expect(json(again["config.json"])).toEqual(json(files["config.json"]));
  });

  it("needs no more than a model: the data are tokens then", async () => {
    const { diffusion, parameters } = bundle;
    const loaded = await loadBundle(filesStore(encodeBundle({ diffusion, parameters })));
    expect(Object.keys(loaded).sort()).toEqual(["diffusion", "parameters"]);
  });

  it("can be stored in half the space", async () => {
    const files: Record<string, Uint8Array> = {};
    await saveBundle(bundle, filesStore(files), { weights: "float16" });
    expect(Object.values(decodeSafetensors(files["model.safetensors"]!).tensors)[0]?.dtype).toBe("F16");
    const { parameters } = await loadBundle(filesStore(files));
    const [name, { data }] = Object.entries(bundle.parameters)[0] as [string, HostTensor];
    expect(parameters[name]?.data[0]).toBeCloseTo(data[0] as number, 3);
  });

  it("keeps a learned codec's weights beside the model's", async () => {
    const scaling = (factor: HostTensor): Codec => ({
      config: { kind: "scaling" },
      itemsPerToken: 1,
      parameters: { factor },
      tokenShape: (shape) => shape,
      encode: async (data) =>
        tensor(
          Float32Array.from(data.data, (x) => x * (factor.data[0] as number)),
          data.shape,
        ),
      decode: async (tokens) => tokens,
    });
    const files = filesOf({ codec: scaling(tensor([2.5])) });
    expect(Object.keys(decodeSafetensors(files["model.safetensors"]!).tensors)).toContain("codec/factor");
    const reader: CodecReader = (_config, { factor }) => scaling(factor as HostTensor);
    const loaded = await loadBundle(filesStore(files), { codecs: { scaling: reader } });
    expect(await loaded.codec?.encode(tensor([2], [1, 1, 1]))).toEqual(tensor([5], [1, 1, 1]));
    expect(await failure(files)).toContain('A codec\'s kind is "scaling"; the known ones are');
  });
});

describe("a bundle with an autoencoder", () => {
  const autoencoder = variationalAutoencoder({ features: 3, latentFeatures: 4, width: 8, layers: 1 });
  const learned = autoencoderCodec({ autoencoder, parameters: initializeParameters(autoencoder, createRandom(4)) });
  const files = filesOf({ codec: learned });

  it("needs no reader: the codec and its weights come back", async () => {
    const loaded = await loadBundle(filesStore(files));
    const data = tensor([1, -2, 3], [1, 1, 3]);
    expect(loaded.codec?.parameters).toEqual(learned.parameters);
    expect(await loaded.codec?.encode(data)).toEqual(await learned.encode(data));
  });

  it("is not read further than model and codec need, nor with weights that lack the codec's", async () => {
    const short = encodeBundle({ ...bundle, codec: { ...learned, parameters: {} } });
    expect(await failure(short)).toContain('Parameter "encoder.hidden0.weight" [8, 3] is missing');
    const long = { ...files, "model.safetensors": new Uint8Array(2_000_000) };
    expect(await failure(long)).toContain("at most");
    const nan = { ...learned.parameters, "decoder.output.bias": tensor([0, Number.NaN, 0]) };
    expect(() => filesOf({ codec: { ...learned, parameters: nan } })).toThrow('"decoder.output.bias" holds NaN');
  });
});

describe("weights and configuration belong together", () => {
  it.each<[string, (config: Record<string, unknown>) => unknown]>([
    ["another task", (config) => ({ ...config, task: { kind: "waves", size: 4 } })],
    ["another codec", (config) => ({ ...config, codec: { kind: "frame-stack", frames: 2 } })],
    ["no codec", ({ codec: _, ...config }) => config],
    ["another objective", (config) => ({ ...config, process: { ...(config.process as object), objective: "v" } })],
    ["heads of another number", (config) => ({ ...config, model: { ...(config.model as object), heads: 4 } })],
  ])("%s, with all shapes equal, is noticed", async (_what, change) => {
    expect(await failure(edited(change))).toContain(
      "checkpoint-mismatch: files in memory: model.safetensors was saved with another config.json",
    );
  });

  it("the card may be edited by hand, in any order", async () => {
    const files = edited((config) =>
      Object.fromEntries(Object.entries({ ...config, card: { name: "other" } }).reverse()),
    );
    expect((await loadBundle(filesStore(files))).card).toEqual({ name: "other" });
  });

  it("weights of other programs carry no fingerprint and are believed", async () => {
    const files = { ...filesOf(), "model.safetensors": encodeWeights(bundle.parameters) };
    expect(await failure(files)).toBe("loaded");
  });

  it("weights of another model are named", async () => {
    const other = transformer({ features: 4, width: 16, heads: 2, layers: 1, feedForward: 8 });
    const files = { ...filesOf(), "model.safetensors": encodeWeights(initializeParameters(other, createRandom(0))) };
    expect(await failure(files)).toMatch(
      /^corrupt-file: .*model.safetensors has|^checkpoint-mismatch: .*model.safetensors: Parameter/,
    );
  });
});

describe("files that nobody vouches for", () => {
  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  const nan = { ...bundle.parameters, "output.bias": tensor([0, Number.NaN, 0, 0]) };
  const weights = filesOf()["model.safetensors"]!;
  const page = text("<!doctype html><title>Sign in</title>");
  it.each<[string, Record<string, Uint8Array>, string]>([
    [
      "no configuration",
      { "model.safetensors": weights },
      "read-failed: files in memory: there is no config.json; a bundle holds config.json and model.safetensors.",
    ],
    ["no weights", { "config.json": filesOf()["config.json"]! }, "there is no model.safetensors"],
    [
      "a page for a configuration",
      { ...filesOf(), "config.json": page },
      "corrupt-file: files in memory: config.json: this is an HTML page",
    ],
    [
      "a page for weights",
      { ...filesOf(), "model.safetensors": page },
      "corrupt-file: files in memory: model.safetensors: safetensors: this is no safetensors file but an HTML page",
    ],
    ["a list", { ...filesOf(), "config.json": text("[]") }, "invalid-config: files in memory: config.json: "],
    ["another program's configuration", edited(() => ({ kind: "maze2d-planner" })), "dforce convert"],
    ["a version to come", edited((config) => ({ ...config, version: 2 })), "version is 2; expected 1"],
    ["an unknown field", edited((config) => ({ ...config, modle: {} })), "there is no option modle"],
    ["hostile values", edited((config) => ({ ...config, model: { kind: { toString: 1 } } })), "model.kind"],
    ["an unknown process", edited((config) => ({ ...config, process: { kind: "magic" } })), "invalid-config"],
    ["no weighting", edited((config) => ({ ...config, lossWeighting: { kind: "magic" } })), "invalid-config"],
    [
      "a size without end",
      edited((config) => ({ ...config, model: { ...(config.model as object), layers: 5e7 } })),
      "model.layers is 50000000; expected at most 65536",
    ],
    [
      "sizes in a list",
      edited((config) => ({ ...config, model: { kind: "unet3d", widths: [1, 4294967296] } })),
      "model.widths.1 is 4294967296",
    ],
    [
      "lengths the wrong way round",
      edited((config) => ({ ...config, trainedOn: { tokens: [22, 3] } })),
      "the smaller number first",
    ],
    [
      "NaN in the weights",
      { ...filesOf(), "model.safetensors": encodeWeights(nan) },
      'corrupt-file: files in memory: model.safetensors: Parameter "output.bias" holds NaN',
    ],
    ["more bytes than the model needs", { ...filesOf(), "model.safetensors": new Uint8Array(2_000_000) }, "at most"],
    [
      "half of the weights",
      { ...filesOf(), "model.safetensors": weights.slice(0, weights.length / 2) },
      "corrupt-file",
    ],
  ])("%s", async (_what, files, message) => {
    expect(await failure(files)).toContain(message);
  });

  it("a bundle that could not be read back is not written", () => {
    expect(() => filesOf({ parameters: nan })).toThrow('Parameter "output.bias" holds NaN');
    expect(() => filesOf({ trainedOn: { values: [Number.NaN, 1] } })).toThrow("trainedOn.values.0 is NaN");
    expect(() => filesOf({ parameters: {} })).toThrow("is missing");
    expect(() => filesOf({ cards: {} } as never)).toThrow("there is no option cards");
  });

  it("2,000 mutated configurations are read or refused in our own words", async () => {
    const files = filesOf();
    const original = files["config.json"]!;
    const random = createRandom(3);
    for (let i = 0; i < 2000; i++) {
      const config = original.slice();
      for (let n = random.integer(1, 4); n > 0; n--) config[random.integer(0, config.length)] = random.integer(32, 127);
      const outcome = await failure({ ...files, "config.json": config });
      expect(outcome).not.toMatch(/^not ours/);
    }
  });
});
