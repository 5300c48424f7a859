import { describe } from "./describe.js";
import { DiffusionForcingError, type ErrorCode } from "./errors.js";

/**
 * Refuses a word that is none of the choices: options come from JavaScript and from files too, and one that is
 * misspelt must not fall through to a default. Undefined is the default, and legal.
 *
 * @throws `code`
 */
export function checkChoice(
  what: string,
  value: unknown,
  choices: readonly string[],
  code: ErrorCode = "invalid-argument",
): void {
  if (value === undefined || choices.some((choice) => choice === value)) return;
  const known = choices.map((choice) => `"${choice}"`).join(", ");
  throw new DiffusionForcingError(code, `${what} is ${describe(value)}; expected ${known}, or nothing.`);
}
