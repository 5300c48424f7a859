import { appendFile, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { z } from "zod";
import { writeAtomically } from "./atomic-write.js";
import { readIfThere } from "./input.js";

/** One step of a training as it is logged. */
export interface LoggedStep {
  readonly step: number;
  readonly loss: number;
  /** Before clipping; null without clipping. */
  readonly gradientNorm: number | null;
  readonly learningRate: number;
  /** Where the step was followed by a validation. */
  readonly validationLoss?: number | undefined;
  /** Since the training began, without the time between sessions. */
  readonly seconds: number;
}

/** A line of the log, out of a file that a kill or a person may have cut. */
const stepSchema: z.ZodType<LoggedStep> = z.object({
  step: z.int().positive(),
  loss: z.number(),
  gradientNorm: z.number().nullable(),
  learningRate: z.number(),
  validationLoss: z.number().optional(),
  seconds: z.number(),
});

const columns = ["step", "loss", "gradientNorm", "learningRate", "validationLoss", "seconds"] as const;

/** The two files hold the same: JSON lines for programs, CSV for spreadsheets. */
export const metricsFiles = { lines: "metrics.jsonl", table: "metrics.csv" } as const;

/** Of three million steps; no longer file fits a string of the engine's. */
const MOST_LOG_BYTES = 500e6;

export interface MetricsLog {
  /** The seconds of earlier sessions. */
  readonly secondsBefore: number;
  add(step: LoggedStep): void;
  /** Writes what has been added since; after it, the files are as long as the training. */
  flush(): Promise<void>;
}

/**
 * Opens the log of a run in `folder` for what comes after step `done`: lines of steps that a killed session took
 * beyond its last checkpoint go, so that no step stands twice.
 *
 * @throws `write-failed`, `invalid-argument` for a log that cannot be read: it would be lost
 */
export async function openMetricsLog(folder: string, done: number): Promise<MetricsLog> {
  const earlier =
    done === 0 ? [] : (await readLog(join(folder, metricsFiles.lines))).filter(({ step }) => step <= done);
  await writeAtomically(join(folder, metricsFiles.lines), earlier.map(line).join(""));
  await writeAtomically(join(folder, metricsFiles.table), `${columns.join(",")}\n${earlier.map(row).join("")}`);
  const waiting = { lines: "", table: "" };
  return {
    secondsBefore: earlier.at(-1)?.seconds ?? 0,
    add(step) {
      waiting.lines += line(step);
      waiting.table += row(step);
    },
    async flush() {
      for (const name of ["lines", "table"] as const) {
        const text = waiting[name];
        await append(join(folder, metricsFiles[name]), text);
        // Only now: what could not be written waits for the next flush.
        waiting[name] = waiting[name].slice(text.length);
      }
    },
  };
}

/** Lines that are no steps are left out: a kill may have cut the last one. */
async function readLog(path: string): Promise<LoggedStep[]> {
  const text = new TextDecoder().decode(await readIfThere(path, MOST_LOG_BYTES));
  return text.split("\n").flatMap((text) => {
    try {
      return [stepSchema.parse(JSON.parse(text))];
    } catch {
      return [];
    }
  });
}

/** Appends all of a text or, on a full disk, nothing: half a row would spoil the next one. */
async function append(path: string, text: string): Promise<void> {
  const before = await stat(path).catch(() => undefined);
  await appendFile(path, text).catch(async (cause: unknown) => {
    if (before?.isFile()) await truncate(path, before.size).catch(() => undefined);
    throw new DiffusionForcingError("write-failed", `${path} could not be written: ${(cause as Error).message}.`, {
      cause,
    });
  });
}

function line(step: LoggedStep): string {
  return `${JSON.stringify(Object.fromEntries(columns.map((name) => [name, step[name]])))}\n`;
}

function row(step: LoggedStep): string {
  return `${columns.map((name) => step[name] ?? "").join(",")}\n`;
}
