import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { writeAtomically } from "./atomic-write.js";
import { readInput } from "./input.js";

/** One step of a training as it is logged. */
export interface LoggedStep {
  readonly step: number;
  readonly loss: number;
  /** Before clipping; null without clipping. */
  readonly gradientNorm: number | null;
  readonly learningRate: number;
  /** Where the step was followed by a validation. */
  readonly validationLoss?: number;
  /** Since the training began, without the time between sessions. */
  readonly seconds: number;
}

const columns = ["step", "loss", "gradientNorm", "learningRate", "validationLoss", "seconds"] as const;

/** The two files hold the same: JSON lines for programs, CSV for spreadsheets. */
export const metricsFiles = { lines: "metrics.jsonl", table: "metrics.csv" } as const;

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
 * @throws `write-failed`
 */
export async function openMetricsLog(folder: string, done: number): Promise<MetricsLog> {
  const earlier =
    done === 0 ? [] : (await readLog(join(folder, metricsFiles.lines))).filter(({ step }) => step <= done);
  await writeAtomically(join(folder, metricsFiles.lines), earlier.map(line).join(""));
  await writeAtomically(join(folder, metricsFiles.table), `${columns.join(",")}\n${earlier.map(row).join("")}`);
  let waiting: LoggedStep[] = [];
  return {
    secondsBefore: earlier.at(-1)?.seconds ?? 0,
    add(step) {
      waiting.push(step);
    },
    async flush() {
      const steps = waiting;
      waiting = [];
      await append(join(folder, metricsFiles.lines), steps.map(line).join(""));
      await append(join(folder, metricsFiles.table), steps.map(row).join(""));
    },
  };
}

/** Lines that are no steps are left out: a kill may have cut the last one. */
async function readLog(path: string): Promise<LoggedStep[]> {
  const text = new TextDecoder().decode(await readInput(path).catch(() => undefined));
  return text.split("\n").flatMap((text) => {
    try {
      const step = JSON.parse(text) as LoggedStep;
      return columns.every((name) => ["number", "object"].includes(typeof step[name]) || name === "validationLoss")
        ? [step]
        : [];
    } catch {
      return [];
    }
  });
}

async function append(path: string, text: string): Promise<void> {
  await appendFile(path, text).catch((cause: unknown) => {
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
