import { DiffusionForcingError, type HostTensorRecord, isDiffusionForcingError } from "@diffusion-forcing/core";
import { decodeWeights, encodeWeights } from "@diffusion-forcing/core/bundle";
import { checkParameters } from "@diffusion-forcing/core/models";
import { type PlannerConfig, parsePlannerConfig, plannerProcess } from "./config.js";
import { featuresPerFrame, type Normalizer, parseNormalizer } from "./frames.js";

/** A trained planner: everything a {@link MazePlanner} needs but a backend. */
export interface PlannerBundle {
  readonly config: PlannerConfig;
  readonly parameters: HostTensorRecord;
  readonly normalizer: Normalizer;
}

/** The files of a bundle, in the layout of model hubs. */
export const plannerFiles = {
  config: "config.json",
  weights: "model.safetensors",
  normalizer: "normalizer.json",
} as const;

/** A bundle as files by name. */
export function encodePlannerBundle({ config, parameters, normalizer }: PlannerBundle): Record<string, Uint8Array> {
  const json = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
  return {
    [plannerFiles.config]: json(config),
    [plannerFiles.weights]: encodeWeights(parameters),
    [plannerFiles.normalizer]: json(normalizer),
  };
}

/**
 * Reads a bundle through `read`, which returns a file's bytes: from a folder in Node, by fetch in a page.
 *
 * @throws `corrupt-file`, `invalid-config`, `invalid-schedule`, `checkpoint-mismatch` for files that are damaged or do
 *   not belong together, naming the file.
 */
export async function readPlannerBundle(read: (name: string) => Promise<Uint8Array>): Promise<PlannerBundle> {
  const configFile = await read(plannerFiles.config);
  const config = inFile(plannerFiles.config, () => parsePlannerConfig(parseJson(configFile)));
  const normalizerFile = await read(plannerFiles.normalizer);
  const width = featuresPerFrame(config.fields);
  const normalizer = inFile(plannerFiles.normalizer, () => parseNormalizer(parseJson(normalizerFile), width));
  const weightsFile = await read(plannerFiles.weights);
  const parameters = inFile(plannerFiles.weights, () => {
    const weights = decodeWeights(weightsFile);
    checkParameters(plannerProcess(config).model, weights);
    checkFinite(weights);
    return weights;
  });
  return { config, parameters, normalizer };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new DiffusionForcingError("corrupt-file", `This is not valid JSON (${(cause as Error).message}).`, { cause });
  }
}

/** Adds the file's name to what `decode` complains of. */
function inFile<T>(name: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (!isDiffusionForcingError(cause)) throw cause;
    throw new DiffusionForcingError(cause.code, `${name}: ${cause.message}`, { cause });
  }
}

function checkFinite(weights: HostTensorRecord): void {
  for (const [name, { data }] of Object.entries(weights)) {
    const bad = data.find((x) => !Number.isFinite(x));
    if (bad === undefined) continue;
    throw new DiffusionForcingError(
      "corrupt-file",
      `Parameter "${name}" holds ${bad}; expected finite numbers. The model is damaged, or its training diverged.`,
    );
  }
}
