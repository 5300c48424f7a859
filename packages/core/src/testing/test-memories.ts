import type { Backend } from "../engine/backend/contract.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { disposeTensor, type HostTensorRecord, type TensorRecord } from "../engine/tensor/tensor.js";
import { assert, assertClose } from "./assertions.js";
import { type MemoryCase, type MemoryProblem, memoryCases, memoryProblem } from "./memory-cases.js";
import { runOnce } from "./run.js";
import type { Conformance } from "./test-api.js";

/** Reading a sequence piece by piece: the memory as the state of a loop on the device. */
export function testMemories({ options, tolerance, backend }: Conformance): void {
  const { describe, it } = options;
  describe("memories of models", () => {
    for (const memoryCase of memoryCases) {
      const { name, tokens, chunks } = memoryCase;
      it(`${name}: chunk by chunk, what reading at once gives`, async () => {
        const problem = memoryProblem(memoryCase);
        const found = await runOnce(await backend(), problem.chunked(), problem.inputs);
        const expected = evaluateGraph(problem.chunked(), problem.inputs);
        for (const [output, value] of Object.entries(expected)) {
          await assertClose(found[output], value, 10 * tolerance, output);
        }
        const fits = tokens >= chunks.slice(0, -1).reduce((total, chunk) => total + chunk, 0);
        const whole = evaluateGraph(problem.whole(), problem.inputs).output;
        assert(whole !== undefined, "There is no output.");
        if (fits) await assertClose(found.output, whole, 10 * tolerance, "output");
      });

      it(`${name}: as loop state on the device, with the gradient by the chunk`, async () => {
        await readInChunks(await backend(), memoryCase, memoryProblem(memoryCase), 10 * tolerance);
      });
    }
  });
}

async function readInChunks(
  backend: Backend,
  { chunks }: MemoryCase,
  problem: MemoryProblem,
  tolerance: number,
): Promise<void> {
  let state: TensorRecord = evaluateGraph(problem.initial(), problem.inputs);
  let expectedState = state as HostTensorRecord;
  let start = 0;
  for (const chunk of chunks) {
    const graph = problem.step(start, start + chunk);
    const executable = await backend.compile(graph);
    const found = await executable.run({ ...problem.inputs, ...state });
    const expected = evaluateGraph(graph, { ...problem.inputs, ...expectedState });
    for (const [name, value] of Object.entries(expected)) {
      await assertClose(found[name], value, tolerance, `${name} after the tokens from ${start}`);
    }
    Object.values(state).forEach(disposeTensor);
    const { output, slope, ...after } = found;
    for (const value of [output, slope]) if (value !== undefined) disposeTensor(value);
    const { output: _output, slope: _slope, ...expectedAfter } = expected;
    [state, expectedState] = [after, expectedAfter];
    start += chunk;
    executable.dispose();
  }
  Object.values(state).forEach(disposeTensor);
}
