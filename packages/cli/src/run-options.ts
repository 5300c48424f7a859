import { createHash } from "node:crypto";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { describe } from "@diffusion-forcing/core/backend";
import type { OptionFile, OptionSchemas, OptionValue, OptionValues } from "@diffusion-forcing/tasks";
import { flagOf, type GivenOptions, taskOptionValues } from "./task-options.js";

/** A file among recorded options: where it was, and what was in it. */
export interface RecordedFile {
  readonly file: string;
  readonly sha256: string;
}

/** What a run was told besides its recipe, as `training.json` keeps it. */
export type RecordedOptions = Readonly<Record<string, number | string | boolean | RecordedFile>>;

export function recordOptions(values: OptionValues): RecordedOptions {
  const recorded = (value: Exclude<OptionValue, undefined>) =>
    typeof value === "object" ? { file: value.name, sha256: sha256(value) } : value;
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, recorded(value)]])),
  );
}

/** @throws `invalid-config` for what {@link recordOptions} has not made */
export function parseRecordedOptions(schemas: OptionSchemas, value: unknown): RecordedOptions {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(`they are ${describe(value)}`);
  for (const [name, option] of Object.entries(value)) {
    if (!Object.hasOwn(schemas, name)) refuse(`there is no option ${name}`);
    const isFile = schemas[name]?.kind === "file";
    if (isFile ? !isRecordedFile(option) : !["number", "string", "boolean"].includes(typeof option)) {
      refuse(`${name} is ${describe(option)}${isFile ? "; expected { file, sha256 }" : ""}`);
    }
  }
  return value as RecordedOptions;
}

function isRecordedFile(value: unknown): value is RecordedFile {
  const { file, sha256: sum, ...rest } = (value ?? {}) as Record<string, unknown>;
  return typeof file === "string" && typeof sum === "string" && Object.keys(rest).length === 0;
}

function refuse(problem: string): never {
  throw new DiffusionForcingError("invalid-config", `The task's options cannot be used: ${problem}.`);
}

/**
 * The values of a run's options: what is given counts before what is recorded.
 *
 * @param isResumed whether the run goes on: files may then have moved, but hold what they held.
 * @throws `checkpoint-mismatch` for a recorded file that holds something else by now
 */
export async function runOptionValues(
  schemas: OptionSchemas,
  recorded: RecordedOptions,
  given: GivenOptions,
  isResumed: boolean,
): Promise<OptionValues> {
  const earlier = Object.entries(recorded).map(([name, value]) => [name, isRecordedFile(value) ? value.file : value]);
  const values = await taskOptionValues(schemas, { ...Object.fromEntries(earlier), ...given });
  for (const [name, record] of Object.entries(recorded)) {
    if (!isRecordedFile(record) || (!isResumed && Object.hasOwn(given, name))) continue;
    const found = values[name] as OptionFile;
    if (sha256(found) === record.sha256) continue;
    const remedy = isResumed
      ? `Give the file of that time by ${flagOf(name)}`
      : `Give it by ${flagOf(name)} if that is meant`;
    throw new DiffusionForcingError(
      "checkpoint-mismatch",
      `${found.name} is not what the run was started with: its SHA-256 is ${sha256(found)}, then it was ${record.sha256.slice(0, 64)}. ${remedy}, or start another run.`,
    );
  }
  return values;
}

function sha256({ bytes }: OptionFile): string {
  return createHash("sha256").update(bytes).digest("hex");
}
