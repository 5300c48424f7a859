import { isDiffusionForcingError } from "@diffusion-forcing/core";
import { expect, it } from "vitest";
import { targets } from "./targets.js";

it.each(targets.flatMap(({ name, unmutated }) => unmutated.map((read, i) => [name, i, read] as const)))(
  "%s, input %i is legal before it is mutated",
  async (_name, _i, read) => {
    try {
      await read();
    } catch (error) {
      if (!isDiffusionForcingError(error, "backend-unavailable")) throw error;
    }
    expect(read).toBeDefined();
  },
);
