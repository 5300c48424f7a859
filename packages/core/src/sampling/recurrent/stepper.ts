import type { Backend, Executable } from "../../engine/backend/contract.js";
import { DiffusionForcingError } from "../../engine/errors.js";
import { type HostTensor, type HostTensorRecord, type Tensor, tensor, zeros } from "../../engine/tensor/tensor.js";
import { guidanceInputName, parameterName } from "../step-graph.js";
import { type RecurrentProcess, type RecurrentStepOptions, recurrentStepGraph } from "./step-graph.js";
import type { HeldTensors } from "./tokens.js";

export interface StepperOptions extends RecurrentStepOptions {
  readonly backend: Backend;
  readonly parameters: HostTensorRecord;
  /** The noise level of each index 0..S. */
  readonly levels: Int32Array;
}

/** A step of T tokens that stand one after the other. */
export interface Step {
  /** [B, ...stateShape] before the first. */
  readonly state: Tensor;
  /** [B, T, ...] */
  readonly x: Tensor;
  /** Level 0..K of each token before and after, T entries. */
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** [B, T, D] */
  readonly condition?: HostTensor | undefined;
  /** As `x`. Absent, it is zero: the last step of a token, and reading one, use none. */
  readonly noise?: HostTensor | undefined;
  /** Present if the step is guided. */
  readonly guidance?: { readonly inputs: HostTensorRecord; readonly futureNoise?: HostTensor };
}

export type Stepped = { readonly x: Tensor; readonly state: Tensor; readonly x0: Tensor };

/** Compiled steps of a recurrent model: one executable per batch size, and guided ones also by their number of tokens. */
export class RecurrentStepper {
  readonly process: RecurrentProcess;
  readonly options: StepperOptions;
  readonly #executables = new Map<string, Promise<Executable>>();
  #disposed = false;

  constructor(process: RecurrentProcess, options: StepperOptions) {
    this.process = process;
    this.options = options;
  }

  async take(held: HeldTensors, { state, x, from, to, condition, noise, guidance }: Step): Promise<Stepped> {
    const [batch, length] = x.shape as [number, number];
    const executable = await this.#executable(batch, length, guidance !== undefined);
    const everywhere = (row: readonly number[]): HostTensor =>
      tensor(
        Int32Array.from({ length: batch * length }, (_, i) => row[i % length] as number),
        [batch, length],
      );
    const { inputs = {}, futureNoise } = guidance ?? {};
    const outputs = await executable.run({
      state,
      x,
      from: everywhere(from),
      to: everywhere(to),
      ...(this.options.eta > 0 ? { noise: noise ?? zeros("float32", x.shape) } : {}),
      ...(condition ? { condition } : {}),
      ...(futureNoise ? { futureNoise } : {}),
      ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [guidanceInputName(name), value])),
    });
    return held.hold(outputs) as Stepped;
  }

  #executable(batch: number, length: number, isGuided: boolean): Promise<Executable> {
    if (this.#disposed) throw new DiffusionForcingError("disposed", "This sampler has been disposed. Make another.");
    const key = `${batch}x${length}${isGuided ? ", guided" : ""}`;
    let executable = this.#executables.get(key);
    if (executable === undefined) {
      const { backend, parameters, guidance, ...plain } = this.options;
      const stepOptions = isGuided && guidance !== undefined ? { ...plain, guidance } : plain;
      const graph = recurrentStepGraph(this.process, stepOptions, batch, length);
      const constants = Object.fromEntries(
        Object.entries(parameters).map(([name, value]) => [parameterName(name), value]),
      );
      executable = backend.compile(graph, { constants });
      // A failed compilation must not be remembered.
      executable.catch(() => this.#executables.delete(key));
      this.#executables.set(key, executable);
    }
    return executable;
  }

  /** Frees the executables. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const executables = [...this.#executables.values()];
    this.#executables.clear();
    for (const executable of executables) (await executable.catch(() => undefined))?.dispose();
  }
}
