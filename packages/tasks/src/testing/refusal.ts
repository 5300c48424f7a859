import { isDiffusionForcingError } from "@diffusion-forcing/core";

export type Call = (...given: readonly never[]) => unknown;

/** Functions that are called with data of one's own: what is none, and what the message says of it behind the name. */
export type Refusing = readonly (readonly [
  name: string,
  call: Call,
  ...refusals: readonly (readonly [problem: string, ...given: unknown[]])[],
])[];

/** The message of our own error with which a call is refused, or what happens instead. */
export async function refusalOf(call: Call, given: readonly unknown[]): Promise<string> {
  try {
    await call(...(given as never[]));
  } catch (error) {
    return isDiffusionForcingError(error) ? error.message : `an error of another kind: ${error}`;
  }
  return "taken";
}
