import { modelCases, modelProblem } from "./model-cases.js";
import { assertLikeReference } from "./run.js";
import type { Conformance } from "./test-api.js";

/** Every model's output, loss and gradients against the interpreter. */
export function testModels({ options, tolerance, backend }: Conformance): void {
  const { describe, it } = options;
  describe("models", () => {
    for (const modelCase of modelCases) {
      const { name } = modelCase;
      it(`${name}: the reference's output`, async () => {
        const { inputs, forward } = modelProblem(modelCase);
        await assertLikeReference(await backend(), forward(), inputs, 10 * tolerance);
      });

      it(`${name}: the reference's loss and gradients`, async () => {
        const { inputs, lossAndGradients } = modelProblem(modelCase);
        await assertLikeReference(await backend(), lossAndGradients(), inputs, 10 * tolerance);
      });
    }
  });
}
