import { DiffusionForcingError, type Tensor, type TensorRecord } from "@diffusion-forcing/core";
import {
  checkRunInputs,
  disposeTensor,
  type Executable,
  isHostTensor,
  type RunOptions,
  runOptions,
} from "@diffusion-forcing/core/backend";
import { formatType, type Graph, type Value, type ValueOf } from "@diffusion-forcing/core/graph";
import { planOf, type Step } from "../compile/plan.js";
import { computeByRule } from "../compile/rules.js";
import { Scope } from "../compile/scope.js";
import { type Traits, traits } from "../compile/traits.js";
import { checkDevice } from "../device/device.js";
import { backendFailure, disposedError } from "../device/failure.js";
import type { NativeTensor } from "../device/runtime.js";
import { type DeviceMemory, TfjsDeviceTensor } from "./device-tensor.js";

interface Parts {
  readonly memory: DeviceMemory;
  /** As the caller gave it: for checks. */
  readonly graph: Graph;
  /** As {@link prepareGraph} made it. */
  readonly prepared: Graph;
  readonly baked: ReadonlySet<string>;
}

/** Tensors by the value they hold. */
type Values = Map<Value, NativeTensor>;

/**
 * A graph that is interpreted node by node. A run is one synchronous burst of kernel calls, so runs never overlap;
 * each intermediate is freed right after its last use.
 */
export class TfjsExecutable implements Executable {
  readonly #parts: Parts;
  readonly #steps: readonly Step[];
  readonly #constants: Values = new Map();
  readonly #traits: Traits;
  readonly #onDispose: (executable: TfjsExecutable) => void;
  #disposed = false;

  constructor(parts: Parts, onDispose: (executable: TfjsExecutable) => void) {
    this.#parts = parts;
    this.#onDispose = onDispose;
    this.#steps = planOf(parts.prepared);
    this.#traits = traits[parts.memory.device.name];
    try {
      for (const node of parts.prepared.nodes) {
        if (node.op !== "constant") continue;
        const { dtype, shape, attributes } = node;
        this.#constants.set(node, parts.memory.upload({ dtype, shape, data: attributes.data }));
      }
    } catch (error) {
      this.#freeConstants();
      throw error;
    }
  }

  async run(inputs: TensorRecord, options?: RunOptions): Promise<Record<string, Tensor>> {
    const { reuse } = runOptions(options);
    const { memory, graph, baked } = this.#parts;
    try {
      if (this.#disposed)
        throw disposedError("run: this executable, or its backend,", "Compile the graph again, on a live one.");
      const checked = checkRunInputs(graph, inputs, baked);
      checkDevice(memory.device);
      return await this.#compute(checked);
    } finally {
      // Elements cannot be overwritten in place: what was offered goes back to the engine, which reuses storage.
      for (const offered of Object.values(reuse)) disposeTensor(offered);
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#freeConstants();
    this.#onDispose(this);
  }

  #freeConstants(): void {
    for (const constant of this.#constants.values()) this.#parts.memory.device.kernels.dispose(constant);
    this.#constants.clear();
  }

  async #compute(inputs: TensorRecord): Promise<Record<string, Tensor>> {
    const { device } = this.#parts.memory;
    let outputs: Record<string, Tensor> = {};
    try {
      await device.compute(() => {
        outputs = this.#interpret(inputs);
      });
      checkDevice(device);
      return outputs;
    } catch (cause) {
      for (const output of Object.values(outputs)) disposeTensor(output);
      throw backendFailure("running a graph", device.name, cause);
    }
  }

  #interpret(inputs: TensorRecord): Record<string, Tensor> {
    const { memory, prepared } = this.#parts;
    const { kernels } = memory.device;
    const values: Values = new Map(this.#constants);
    /** Whatever this run made and has not freed or given away yet. */
    const owned: Values = new Map();
    try {
      for (const node of prepared.inputs) values.set(node, this.#given(node, inputs, owned));
      for (const step of this.#steps) this.#computeStep(step, values, owned);
      const results = Object.entries(prepared.outputs).map(([name, value]) => {
        // Another reference to the same elements: an output may be an input, a constant, or another output.
        const own = kernels.reshape(values.get(value) as NativeTensor, value.shape);
        return [name, memory.adopt(own, value)] as const;
      });
      return Object.fromEntries(results);
    } finally {
      for (const tensor of owned.values()) kernels.dispose(tensor);
    }
  }

  #computeStep({ node, lastUses }: Step, values: Values, owned: Values): void {
    const { kernels, name } = this.#parts.memory.device;
    try {
      const operands = node.inputs.map((operand) => values.get(operand) as NativeTensor);
      const result = Scope.run(kernels, node.shape, (scope) =>
        computeByRule(node as ValueOf<typeof node.op>, operands, scope, this.#traits),
      );
      values.set(node, result);
      owned.set(node, result);
    } catch (cause) {
      throw backendFailure(`running ${node.op} ${formatType(node)}`, name, cause);
    }
    for (const value of lastUses) {
      kernels.dispose(owned.get(value) as NativeTensor);
      owned.delete(value);
      values.delete(value);
    }
  }

  /** An input's tensor: the caller's own if it is on this device already, else an upload. */
  #given(node: ValueOf<"input">, inputs: TensorRecord, owned: Values): NativeTensor {
    const { memory } = this.#parts;
    const { name } = node.attributes;
    const tensor = inputs[name] as Tensor;
    if (isHostTensor(tensor)) {
      const uploaded = memory.upload(tensor);
      owned.set(node, uploaded);
      return uploaded;
    }
    if (!(tensor instanceof TfjsDeviceTensor) || tensor.memory !== memory) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `run: input "${name}" lives on ${tensor.device}, in the memory of another backend than this one (tfjs on ${memory.device.name}). Pass await readTensor(tensor) instead.`,
      );
    }
    return tensor.native(`run: input "${name}"`);
  }
}
