import { inspect } from "node:util";
import { isDiffusionForcingError } from "@diffusion-forcing/core";
import type { Task } from "@diffusion-forcing/tasks";
import { CommanderError } from "commander";
import { UsageError } from "./options.js";
import { printable } from "./output/table.js";
import { Interrupted } from "./process/interrupt.js";
import { buildProgram } from "./program.js";

/**
 * Runs the command line `args` (without node and script): results go to stdout, everything else to stderr.
 *
 * @param tasks what models can be for; default: the tasks that come with the library.
 * @returns the exit code. 0: done. 1: it failed. 2: it was called wrongly. 130, 143, 129: it was stopped by SIGINT
 *   (Ctrl-C), SIGTERM or SIGHUP.
 */
export async function runCli(args: readonly string[], tasks?: readonly Task[]): Promise<number> {
  const debug = args.includes("--debug");
  try {
    await buildProgram(tasks).parseAsync(
      args.filter((arg) => arg !== "--debug"),
      { from: "user" },
    );
    return 0;
  } catch (error) {
    return reportFailure(error, debug);
  }
}

/** Says on stderr what went wrong, in a line that begins with `error:`, and returns the exit code. */
export function reportFailure(error: unknown, debug: boolean): number {
  // Commander has printed its own.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  process.stderr.write(`${error instanceof Interrupted ? error.message : `error: ${readable(explain(error))}`}\n`);
  if (debug) process.stderr.write(`${inspect(error)}\n`);
  if (error instanceof Interrupted) return error.exitCode;
  return error instanceof UsageError ? 2 : 1;
}

function explain(error: unknown): string {
  if (error instanceof UsageError) return error.message;
  if (isDiffusionForcingError(error)) return `${error.message} [${error.code}]`;
  // No error of ours: what the runtime says is a hint at best, and its stack helps only those who mend it.
  const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `${words.split("\n", 1)[0]} (not foreseen: --debug shows where it comes from; please report it) [internal]`;
}

/** Longest line of a message: it may quote what a file holds. */
const longestLine = 600;

/** A message that may quote files: without control characters, its lines cut to what anybody reads. */
function readable(message: string): string {
  return message
    .split("\n")
    .map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)} ...` : line))
    .map(printable)
    .join("\n");
}
