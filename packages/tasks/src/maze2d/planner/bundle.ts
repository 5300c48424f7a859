import {
  checkParameters,
  DiffusionForcingError,
  decodeWeights,
  encodeWeights,
  type HostTensorRecord,
} from "@diffusion-forcing/core";
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
 *   not belong together.
 */
export async function readPlannerBundle(read: (name: string) => Promise<Uint8Array>): Promise<PlannerBundle> {
  const config = parsePlannerConfig(parseJson(plannerFiles.config, await read(plannerFiles.config)));
  const normalizer = parseNormalizer(
    parseJson(plannerFiles.normalizer, await read(plannerFiles.normalizer)),
    featuresPerFrame(config.fields),
  );
  const parameters = decodeWeights(await read(plannerFiles.weights));
  checkParameters(plannerProcess(config).model, parameters);
  return { config, parameters, normalizer };
}

function parseJson(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new DiffusionForcingError("corrupt-file", `${name} is not valid JSON.`, { cause });
  }
}
