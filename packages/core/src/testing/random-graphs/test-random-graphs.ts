import type { Backend } from "../../engine/backend/contract.js";
import { isDiffusionForcingError } from "../../engine/errors.js";
import { formatType } from "../../engine/graph/ops/helpers.js";
import { shapesEqual } from "../../engine/tensor/shape.js";
import type { HostTensor } from "../../engine/tensor/tensor.js";
import { runOnce } from "../run.js";
import type { Conformance } from "../test-api.js";
import { randomGraph, trialsOf } from "./generate.js";
import { follow, printProblem, type Recipe } from "./recipe.js";
import { shrink } from "./shrink.js";
import { DISTURBANCE, spreadAt, type Trial } from "./trial.js";

/** Graphs to a test, so that a long run shows that it advances. */
const GRAPHS_PER_TEST = 50;

/** Random graphs by seed, each against the interpreter; one that fails is shrunk and printed. */
export function testRandomGraphs({ options, tolerance, backend }: Conformance): void {
  const { describe, it, randomGraphs = 300 } = options;
  const { count, firstSeed } = typeof randomGraphs === "number" ? { count: randomGraphs, firstSeed: 1 } : randomGraphs;
  describe("random graphs", () => {
    for (let from = firstSeed; from < firstSeed + count; from += GRAPHS_PER_TEST) {
      const to = Math.min(from + GRAPHS_PER_TEST, firstSeed + count) - 1;
      it(`computes what the reference computes of the graphs ${from} to ${to}`, async () => {
        const live = await backend();
        for (let seed = from; seed <= to; seed++) await checkRandomGraph(live, seed, tolerance);
      });
    }
  });
}

/** @throws Error with the smallest failing graph that was found. */
export async function checkRandomGraph(backend: Backend, seed: number, tolerance: number): Promise<void> {
  const recipe = randomGraph(seed);
  const found = await fault(backend, recipe, tolerance);
  if (found === undefined) return;
  const smallest = await shrink(
    recipe,
    async (candidate) => (await fault(backend, candidate, tolerance)) !== undefined,
  );
  const reason = await fault(backend, smallest, tolerance);
  throw new Error(`random graph ${seed}: ${reason ?? found}\n${printProblem(follow(smallest))}`);
}

/** What is wrong with the backend's results of a recipe, if anything is. */
async function fault(backend: Backend, recipe: Recipe, tolerance: number): Promise<string | undefined> {
  const { graph, inputs } = follow(recipe);
  const trials = trialsOf(recipe);
  let actual: Record<string, HostTensor>;
  try {
    actual = await runOnce(backend, graph, inputs);
  } catch (error) {
    return isDiffusionForcingError(error) ? `${error.code}: ${error.message}` : String(error);
  }
  for (const output of recipe.outputs) {
    const trial = trials[output];
    const wrong = trial && difference(actual[`y${output}`], trial, tolerance);
    if (wrong !== undefined) return `output y${output}: ${wrong}`;
  }
  return undefined;
}

/** A device may be as far off at each node as the disturbed evaluations are, by the share that its tolerance says. */
function difference(actual: HostTensor | undefined, trial: Trial, tolerance: number): string | undefined {
  const { exact } = trial;
  if (actual === undefined) return "there is no such output";
  if (actual.dtype !== exact.dtype || !shapesEqual(actual.shape, exact.shape)) {
    return `it is ${formatType(actual)}; expected ${formatType(exact)}`;
  }
  for (let i = 0; i < exact.data.length; i++) {
    const [got, wanted] = [actual.data[i] as number, exact.data[i] as number];
    const spread = (4 * tolerance * spreadAt(trial, i)) / DISTURBANCE;
    const limit = exact.dtype === "float32" ? tolerance * (1 + Math.abs(wanted)) + spread : 0;
    if (!(Math.abs(got - wanted) <= limit)) return `element ${i} is ${got}; expected ${wanted} within ${limit}`;
  }
  return undefined;
}
