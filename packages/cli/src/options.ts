import { describe } from "@diffusion-forcing/core/backend";
import { Option } from "commander";
import type { z } from "zod";

/** The number that a text writes in decimal digits, as people do; NaN for any other, "0x10" and "" included. */
export function decimal(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
}

/**
 * Values of options that are whole numbers, from the command line's text.
 *
 * @param most for whatever is counted out in memory before a model's own bounds are known.
 */
export function whole(name: string, least = 0, most?: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const isWhole = /^\d+$/.test(text) && Number.isSafeInteger(value);
    if (!isWhole || value < least || value > (most ?? value)) {
      const to = most === undefined ? "" : ` to ${most}`;
      throw new UsageError(`${name} is "${text}"; expected a whole number from ${least}${to}.`);
    }
    return value;
  };
}

/** Values of options that are numbers above 0. */
export function positive(name: string, most?: number): (text: string) => number {
  return (text) => {
    const value = decimal(text);
    if (!Number.isFinite(value) || value <= 0 || value > (most ?? value)) {
      const to = most === undefined ? "" : `, at most ${most}`;
      throw new UsageError(`${name} is "${text}"; expected a number above 0${to}.`);
    }
    return value;
  };
}

/** The most that is made at a time of what an option counts: sequences, tokens. A model's memory ends long before. */
export const MOST_AT_A_TIME = 65_536;

/** The command was called wrongly: exit code 2. */
export class UsageError extends Error {}

export const seedOption: Option = new Option("--seed <n>", "seed of all random numbers")
  .argParser(whole("--seed"))
  .default(0);
export const jsonOption: Option = new Option("--json", "print one JSON document on stdout instead of text");
export const quietOption: Option = new Option("--quiet", "show no progress, only results and errors");
export const threadsOption: Option = new Option(
  "--threads <n>",
  "threads of onnx/cpu (default: one per core)",
).argParser(whole("--threads", 1, 1024));

/** The model of commands that take it as their first word or by `--model`. @throws UsageError if it is given twice */
export function modelOf(first: string | undefined, option: string | undefined): string {
  if (first !== undefined && option !== undefined) {
    throw new UsageError(`The model is given twice: ${describe(first)} and --model ${describe(option)}.`);
  }
  return first ?? option ?? "medium";
}

/** Formats zod's complaints about a config file, one per line: the field, what is wrong, and what was given. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .map(({ path, message, input }) => `  ${path.join(".") || "(file)"}: ${message}; given ${shorten(input)}`)
    .join("\n");
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
