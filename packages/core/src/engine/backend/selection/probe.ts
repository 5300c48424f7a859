import { check } from "../../check.js";
import { DiffusionForcingError } from "../../errors.js";
import { evaluateGraph } from "../../reference/index.js";
import { relativeDifference } from "../../tensor/relative-difference.js";
import { disposeTensor, type HostTensor, readTensor, type TensorRecord } from "../../tensor/tensor.js";
import { backendSchema } from "../backend-schema.js";
import type { Backend, Executable } from "../contract.js";
import { probeGraph, probeInputs } from "./probe-graph.js";

export interface Probe {
  /** Largest difference of an output from the reference backend's, relative to the output's largest value. */
  readonly parity: number;
  /** The output that differs most. */
  readonly worst: string;
}

/**
 * Passes devices that multiply with ten bits of mantissa (TF32), which is 5e-4 per factor, and no wrong kernel:
 * no two elements of an input lie that near.
 */
const tolerance = 2e-3;

/**
 * Runs a tiny graph twice, its state fed back as a training loop does it, and compares every number with the
 * reference backend's: silent wrong answers exist in the wild.
 *
 * @throws `backend-failure` if a number is wrong, naming the outputs; and what compiling and running throw.
 */
export async function probeBackend(backend: Backend): Promise<Probe> {
  check("probeBackend", backendSchema, backend);
  const graph = probeGraph();
  const executable = await backend.compile(graph);
  const first = evaluateGraph(graph, probeInputs);
  const second = evaluateGraph(graph, { ...probeInputs, state: first.state as HostTensor });
  try {
    const runs = await runTwice(executable);
    const found = [compare(runs.first, first, ""), compare(runs.second, second, ", the state fed back")].flat();
    const wrong = found.filter(({ parity }) => parity > tolerance);
    if (wrong.length > 0) throw wrongNumbers(backend, wrong);
    return found.reduce((worst, next) => (next.parity > worst.parity ? next : worst));
  } finally {
    executable.dispose();
  }
}

type HostTensors = Record<string, HostTensor>;

async function runTwice(executable: Executable): Promise<{ first: HostTensors; second: HostTensors }> {
  const first = await executable.run(probeInputs);
  const { state } = first;
  if (state === undefined) throw new DiffusionForcingError("backend-failure", "probe: a run gave no output state.");
  const second = await executable.run({ ...probeInputs, state });
  // Only now: a device must keep what it gave out, also when it has been an input since.
  return { first: await readAndDispose(first), second: await readAndDispose(second) };
}

async function readAndDispose(tensors: TensorRecord): Promise<HostTensors> {
  const result: HostTensors = {};
  for (const [name, value] of Object.entries(tensors)) {
    result[name] = await readTensor(value);
    disposeTensor(value);
  }
  return result;
}

function compare(actual: HostTensors, expected: HostTensors, when: string): Probe[] {
  return Object.entries(expected).map(([name, wanted]) => ({
    parity: relativeDifference(actual[name]?.data ?? [], wanted.data),
    worst: `${name}${when}`,
  }));
}

function wrongNumbers({ name, device }: Backend, wrong: readonly Probe[]): DiffusionForcingError {
  const listed = wrong.map(({ worst, parity }) => `${worst} (by ${percent(parity)})`).join(", ");
  return new DiffusionForcingError(
    "backend-failure",
    `${name} (${device}) computes wrong numbers, relative to each output's largest: ${listed}; at most ${percent(tolerance)} is rounding. Update the runtime or the driver, or take another backend.`,
  );
}

function percent(fraction: number): string {
  return `${Number((100 * fraction).toPrecision(2))} %`;
}
