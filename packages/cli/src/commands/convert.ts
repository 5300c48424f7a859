import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  DiffusionForcingError,
  type HostTensor,
  type HostTensorRecord,
  modelFromConfig,
} from "@diffusion-forcing/core";
import { decodeSafetensors, encodeSafetensors, parseJson } from "@diffusion-forcing/core/bundle";
import type { ModelConfig } from "@diffusion-forcing/core/models";
import { fromOfficial, toOfficial } from "@diffusion-forcing/core/official";
import { Command, Option } from "commander";
import { ensureWritable, writeAtomically } from "../files/atomic-write.js";
import { readInput } from "../files/input.js";
import { upgradeFolder } from "../files/old-layout.js";
import { checkOutputs, forceOption } from "../files/outputs.js";
import { jsonOption, UsageError } from "../options.js";

interface ConvertOptions {
  readonly config?: string;
  readonly out: string;
  readonly to: "own" | "official";
  readonly prefix: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** What a folder of converted weights holds. */
const files = { config: "config.json", weights: "model.safetensors" } as const;

export function convertCommand(): Command {
  return new Command("convert")
    .description(
      "convert weights of the official PyTorch code into this library's, or back; bring a model or run of before bundles up to date",
    )
    .argument("<what>", "weights as .safetensors; or the folder of an old model or run, which needs --out only")
    .option("--config <file>", 'the model as JSON, such as {"kind":"transformer","features":6,"width":128}')
    .requiredOption("--out <path>", "a folder for config.json and model.safetensors; with --to official, a file")
    .addOption(new Option("--to <kind>", "direction").choices(["own", "official"]).default("own"))
    .option("--prefix <text>", "put before official names, as diffusion_model. in training checkpoints", "")
    .addOption(forceOption)
    .addOption(jsonOption)
    .action(runConvert);
}

async function runConvert(file: string, options: ConvertOptions): Promise<void> {
  if (await isFolder(file)) {
    if (options.config !== undefined || options.to !== "own" || options.prefix !== "") {
      throw new UsageError("The folder of an old model describes itself: give --out alone.");
    }
    print(await upgradeFolder(file, options), options);
    return;
  }
  const { config: configFile, out, to, force } = options;
  if (configFile === undefined) throw new UsageError("Weights need --config: the model as a JSON file.");
  const written = to === "own" ? Object.values(files).map((name) => join(out, name)) : [out];
  await checkOutputs({ files: written, inputs: [file, configFile], force });
  const config = await readConfig(configFile);
  const { tensors } = decodeSafetensors(await readInput(file));
  const summary =
    options.to === "own"
      ? await writeOwn(config, tensors, options.out)
      : await writeOfficial(config, tensors as HostTensorRecord, options);
  print(summary, options);
}

function print(summary: Readonly<Record<string, unknown>>, { json }: Pick<ConvertOptions, "json">): void {
  const text = Object.entries(summary).map(([name, value]) => `${name}: ${value}`);
  process.stdout.write(json ? `${JSON.stringify(summary)}\n` : `${text.join("\n")}\n`);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function writeOwn(config: ModelConfig, tensors: Parameters<typeof fromOfficial>[1], folder: string) {
  const { parameters, prefix, ignored } = fromOfficial(config, tensors);
  await ensureWritable(folder);
  await writeAtomically(join(folder, files.weights), encodeSafetensors(floats(parameters)));
  await writeAtomically(join(folder, files.config), `${JSON.stringify(config, null, 2)}\n`);
  return { out: folder, parameters: Object.keys(parameters).length, prefix, ignored: ignored.length };
}

async function writeOfficial(config: ModelConfig, parameters: HostTensorRecord, { out, prefix }: ConvertOptions) {
  const stateDict = toOfficial(config, parameters, { prefix });
  await ensureWritable(dirname(out));
  await writeAtomically(out, encodeSafetensors(floats(stateDict)));
  return { out, tensors: Object.keys(stateDict).length };
}

const floats = (tensors: HostTensorRecord) => tensors as Readonly<Record<string, HostTensor<"float32">>>;

/** The complete config of the model that the file describes. */
async function readConfig(path: string): Promise<ModelConfig> {
  const parsed = parseJson(path, await readInput(path));
  if (typeof parsed !== "object" || parsed === null || typeof (parsed as { kind?: unknown }).kind !== "string") {
    throw new DiffusionForcingError("invalid-config", `${path} holds no model: expected an object with a "kind".`);
  }
  return modelFromConfig(parsed as ModelConfig).config;
}
