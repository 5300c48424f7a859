import { lossCases, lossProblem } from "./loss-cases.js";
import { assertLikeReference } from "./run.js";
import type { Conformance } from "./test-api.js";

/** Every training's loss and gradients against the interpreter. */
export function testLosses({ options, tolerance, backend }: Conformance): void {
  const { describe, it } = options;
  describe("losses", () => {
    for (const lossCase of lossCases) {
      it(`${lossCase.name}: the reference's loss and gradients`, async () => {
        const { inputs, lossAndGradients } = lossProblem(lossCase);
        await assertLikeReference(await backend(), lossAndGradients(), inputs, 10 * tolerance);
      });
    }
  });
}
