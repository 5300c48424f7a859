import type { Executable } from "../engine/backend/contract.js";
import { disposeTensor, type HostTensor, isHostTensor, readTensor, type Tensor } from "../engine/tensor/tensor.js";

/**
 * Tensors that loop from run to run: outputs of one are inputs of the next, under the same names. They stay where the
 * backend puts them; host tensors alternate between two sets of buffers, so that a run allocates and copies nothing.
 */
export class LoopingTensors {
  readonly #names: readonly string[];
  #current: Record<string, Tensor>;
  #spare: Record<string, Tensor> = {};

  /** @param start owned from now on, and overwritten. */
  constructor(start: Readonly<Record<string, HostTensor>>) {
    this.#current = { ...start };
    this.#names = Object.keys(start);
  }

  /** For runs that read them. Valid until the next {@link LoopingTensors.advance}. */
  get current(): Readonly<Record<string, Tensor>> {
    return this.#current;
  }

  /** Runs with the tensors and further inputs, and keeps the new tensors; returns the run's other outputs. */
  async advance(executable: Executable, inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const outputs = await executable.run({ ...this.#current, ...inputs }, { reuse: this.#spare });
    const next: Record<string, Tensor> = {};
    for (const name of this.#names) {
      next[name] = outputs[name] as Tensor;
      delete outputs[name];
    }
    const previous = this.#current;
    this.#current = next;
    this.#spare = {};
    for (const [name, value] of Object.entries(previous)) {
      if (isHostTensor(value)) this.#spare[name] = value;
      else value.dispose();
    }
    return outputs;
  }

  /** On the host; those that are there already are not copied. */
  async read(names: readonly string[] = this.#names): Promise<Record<string, HostTensor>> {
    const entries = names.map(async (name) => [name, await readTensor(this.#current[name] as Tensor)] as const);
    return Object.fromEntries(await Promise.all(entries));
  }

  dispose(): void {
    for (const value of Object.values(this.#current)) disposeTensor(value);
  }
}

/** The number that a scalar holds; frees it. */
export async function takeScalar(value: Tensor): Promise<number> {
  const number = (await readTensor(value)).data[0] as number;
  disposeTensor(value);
  return number;
}
