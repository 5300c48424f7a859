import { isDiffusionForcingError } from "@diffusion-forcing/core";
import { CommanderError } from "commander";
import { UsageError } from "./options.js";
import { buildProgram } from "./program.js";

/**
 * Runs the command line `args` (without node and script): results go to stdout, everything else to stderr.
 *
 * @returns the exit code. 0: done. 1: it failed. 2: it was called wrongly.
 */
export async function runCli(args: readonly string[]): Promise<0 | 1 | 2> {
  try {
    await buildProgram().parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    report(error);
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return error instanceof UsageError ? 2 : 1;
  }
}

function report(error: unknown): void {
  // Commander has printed its own.
  if (error instanceof CommanderError) return;
  if (error instanceof UsageError || isDiffusionForcingError(error)) {
    const code = isDiffusionForcingError(error) ? ` [${error.code}]` : "";
    process.stderr.write(`dforce: ${error.message}${code}\n`);
    return;
  }
  process.stderr.write(`dforce: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
