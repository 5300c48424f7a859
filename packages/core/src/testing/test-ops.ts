import { buildGraph, type Graph } from "../engine/graph/graph.js";
import { input } from "../engine/graph/trace.js";
import type { Value } from "../engine/graph/value.js";
import { evaluateGraph } from "../engine/reference/index.js";
import type { HostTensor } from "../engine/tensor/tensor.js";
import { assert, assertClose } from "./assertions.js";
import { finiteDifferences, type GradientProblem, gradientValues } from "./gradient-problem.js";
import { groupedCases, joinCases } from "./joined-cases.js";
import type { OpCase } from "./op-cases.js";
import { caseGradient, describeCase } from "./op-problems.js";
import { assertLikeReference, runOnce } from "./run.js";
import type { Conformance } from "./test-api.js";

/** Every op, by the dtype of its first operand, against the interpreter; every derivative against differences. */
export function testOps({ options, tolerance, backend }: Conformance): void {
  const { describe, it } = options;
  describe("ops", () => {
    for (const [name, cases] of groupedCases()) {
      it(`${name} computes what the reference computes`, async () => {
        const { graph, inputs } = joinCases(cases);
        await assertLikeReference(await backend(), graph, inputs, tolerance, (output) =>
          describeCase(cases[Number(output.slice("case".length))] as OpCase),
        );
      });
    }
  });
  describe("derivatives", () => {
    for (const [name, cases] of groupedCases()) {
      const problems = cases.flatMap((operation) => {
        const problem = caseGradient(operation);
        return problem === undefined ? [] : [{ operation, problem }];
      });
      if (problems.length === 0) continue;
      it(`${name} has the derivative that finite differences show`, async () => {
        const joined = joinProblems(problems.map(({ problem }) => problem));
        const actual = await runOnce(await backend(), joined.graph, joined.inputs);
        // Differences are taken at a few elements only; the interpreter gives the same derivatives at all of them.
        for (const [name, expected] of Object.entries(evaluateGraph(joined.graph, joined.inputs))) {
          await assertClose(actual[name], expected, 10 * tolerance, `derivative ${name}`);
        }
        problems.forEach(({ operation, problem }, index) => {
          const gradients = Object.fromEntries(
            problem.targets.map((target) => [target, actual[`${index}.${target}`] as HostTensor]),
          );
          assertLikeDifferences(problem, gradients, 10 * tolerance, describeCase(operation));
        });
      });
    }
  });
}

/** Throws unless each gradient is within `tolerance * (1 + largest derivative)` of the central differences. */
export function assertLikeDifferences(
  problem: GradientProblem,
  gradients: Readonly<Record<string, HostTensor>>,
  tolerance: number,
  what: string,
): void {
  const differences = finiteDifferences(problem);
  const largest = differences.reduce((most, { value }) => Math.max(most, Math.abs(value)), 0);
  for (const { target, index, value } of differences) {
    const got = gradients[target]?.data[index] as number;
    assert(
      Math.abs(got - value) <= tolerance * (1 + largest),
      `${what}: the derivative by ${target}[${index}] is ${got}; finite differences show ${value}.`,
    );
  }
}

function joinProblems(problems: readonly GradientProblem[]): { graph: Graph; inputs: Record<string, HostTensor> } {
  const inputs: Record<string, HostTensor> = {};
  const declared: ReturnType<typeof input>[] = [];
  const outputs: Record<string, Value> = {};
  problems.forEach((problem, index) => {
    const values = Object.fromEntries(
      Object.entries(problem.inputs).map(([name, value]) => {
        inputs[`${index}.${name}`] = value;
        return [name, input(`${index}.${name}`, value)];
      }),
    );
    declared.push(...Object.values(values));
    const gradients = gradientValues(problem, values);
    for (const [target, value] of Object.entries(gradients)) outputs[`${index}.${target}`] = value;
  });
  return { graph: buildGraph(declared, outputs), inputs };
}
