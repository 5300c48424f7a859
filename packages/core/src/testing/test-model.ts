import type { Backend } from "../engine/backend/contract.js";
import type { Graph } from "../engine/graph/graph.js";
import { evaluateGraph } from "../engine/reference/index.js";
import {
  disposeTensor,
  type HostTensorRecord,
  isHostTensor,
  readTensor,
  type TensorRecord,
  tensor,
  zeros,
} from "../engine/tensor/tensor.js";
import { assert, assertClose } from "./assertions.js";
import { assertLikeReference, runOnce } from "./run.js";
import {
  adamwState,
  adamwStep,
  drawBatch,
  drawParameters,
  lossAndGradients,
  modelLoss,
  parameterNames,
  sgdStep,
} from "./small-model.js";
import type { Conformance } from "./test-api.js";
import { assertLikeDifferences } from "./test-ops.js";

/** A transformer block with its loss, gradients and three steps of two optimisers. */
export function testModel({ options, tolerance, backend }: Conformance): void {
  const { describe, it } = options;
  describe("small model", () => {
    const inputs = { ...drawBatch(), ...drawParameters() };

    it("has the reference's loss and gradients", async () => {
      await assertLikeReference(await backend(), lossAndGradients(), inputs, tolerance);
    });

    it("has the gradients that finite differences show", async () => {
      const { loss: _loss, ...gradients } = await runOnce(await backend(), lossAndGradients(), inputs);
      const problem = { inputs, targets: parameterNames, objective: modelLoss };
      assertLikeDifferences(problem, gradients, 10 * tolerance, "loss");
    });

    it("takes three SGD steps", async () => {
      await trainThreeSteps(await backend(), sgdStep(), drawParameters(), 10 * tolerance);
    });

    it("takes three AdamW steps", async () => {
      const state = Object.entries(adamwState).map(([name, shape]) => [
        name,
        name.startsWith("power") ? tensor([1], []) : zeros("float32", shape),
      ]);
      await trainThreeSteps(
        await backend(),
        adamwStep(),
        { ...drawParameters(), ...Object.fromEntries(state) },
        10 * tolerance,
      );
    });
  });
}

/** State goes from output to input on the device, as a training loop does it, with two sets in turn. */
async function trainThreeSteps(
  backend: Backend,
  graph: Graph,
  initial: HostTensorRecord,
  tolerance: number,
): Promise<void> {
  const executable = await backend.compile(graph);
  const data = drawBatch();
  let expected: HostTensorRecord = initial;
  let state: TensorRecord = initial;
  let spare: TensorRecord | undefined;
  const losses: number[] = [];
  for (let step = 1; step <= 3; step++) {
    const { loss: expectedLoss, ...expectedState } = evaluateGraph(graph, { ...data, ...expected });
    const { loss, ...next } = await executable.run({ ...data, ...state }, spare === undefined ? {} : { reuse: spare });
    assert(loss !== undefined && expectedLoss !== undefined, "There is no output loss.");
    await assertClose(loss, expectedLoss, tolerance, `loss of step ${step}`);
    losses.push((await readTensor(loss)).data[0] as number);
    disposeTensor(loss);
    for (const [name, value] of Object.entries(expectedState)) {
      await assertClose(next[name], value, tolerance, `${name} after step ${step}`);
    }
    spare = step === 1 ? undefined : state;
    [state, expected] = [next, expectedState];
  }
  for (const value of [...Object.values(state), ...Object.values(spare ?? {})]) {
    if (!isHostTensor(value)) value.dispose();
  }
  executable.dispose();
  assert(losses[2]! < losses[0]!, `The loss went ${losses.join(", ")}; expected it to fall.`);
}
