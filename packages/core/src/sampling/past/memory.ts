import { DiffusionForcingError } from "../../engine/errors.js";
import { buildGraph, type Graph } from "../../engine/graph/graph.js";
import { mul } from "../../engine/graph/operations.js";
import { input } from "../../engine/graph/trace.js";
import type { TensorType, Value } from "../../engine/graph/value.js";
import { formatShape, shapesEqual } from "../../engine/tensor/shape.js";
import {
  checkFinite,
  checkHostTensors,
  disposeTensor,
  type HostTensor,
  readCopy,
  readTensor,
} from "../../engine/tensor/tensor.js";
import { joinMemories, memoryOf } from "../../models/index.js";
import { checkSample } from "../check-sample.js";
import { checkCacheable } from "../memory-network.js";
import type { NoiseSources } from "../noise-source.js";
import type { CheckedRollout, RolloutSampler, RolloutState } from "../rollout-options.js";
import { noiseNeeds, ofViews, parameterName, viewCount } from "../walk-inputs.js";
import type { TensorsByName, WalkRequest } from "../walk-request.js";
import { conditionOf, type ExtendedBy, historyNoise, type NextChunk, type Past } from "./past.js";

/** The most steps in one graph, where the arithmetic of a step is small beside the cost of starting a run. */
const UNROLLED_STEPS = 16;
/** Tokens times weights below which it is: measured on ONNX Runtime's cpu, where ten steps of one token halve. */
const SMALL_STEP = 8e6;

/** The past as what the model remembers of it: every token is read once. */
export class RolloutMemory implements Past {
  readonly #sampler: RolloutSampler;
  readonly #options: CheckedRollout;
  readonly #sources: NoiseSources;
  /** Of one view. */
  readonly #types: Readonly<Record<string, TensorType>>;
  #values: TensorsByName;

  private constructor(
    sampler: RolloutSampler,
    options: CheckedRollout,
    sources: NoiseSources,
    types: Readonly<Record<string, TensorType>>,
    values: TensorsByName,
  ) {
    this.#sampler = sampler;
    this.#options = options;
    this.#sources = sources;
    this.#types = types;
    this.#values = values;
  }

  /** The memory after the context, or that of the state to go on from. */
  static async open(sampler: RolloutSampler, options: CheckedRollout, sources: NoiseSources): Promise<RolloutMemory> {
    const { walker, diffusion } = sampler;
    const { batch, window, chunk, resume, context } = options;
    checkCacheable(walker.options.scores);
    const memory = memoryOf(diffusion.model);
    const typesOf = (count: number): string => JSON.stringify(memory.types({ batch, tokens: count }));
    const needsWindow = typesOf(1) !== typesOf(2);
    if (needsWindow && window === undefined) {
      throw new DiffusionForcingError(
        "invalid-argument",
        "rollout: window is missing; give the number of tokens the model was trained on.",
      );
    }
    const tokens = Math.max(1, (window ?? 0) - chunk);
    const types = memory.types({ batch, tokens });
    const values =
      resume === undefined
        ? await walker.evaluate(initialGraph(sampler, batch, tokens))
        : checkedMemory(ofViews(types, viewCount(walker.options)), resume);
    const past = new RolloutMemory(sampler, options, sources, types, values);
    if (context !== undefined && (context.shape[1] as number) > 0) {
      await past.#walk({ tokens: context, rows: [], random: sources }, 0).catch((error: unknown) => {
        past.dispose();
        throw error;
      });
    }
    return past;
  }

  async extend({ size, position, noise, rows, random }: NextChunk): Promise<ExtendedBy> {
    const { walker, diffusion } = this.#sampler;
    const { guidanceInputs, batch } = this.#options;
    const numbers = Object.values(diffusion.model.parameters).reduce(
      (sum, { shape }) => sum + shape.reduce((product, axis) => product * axis, 1),
      0,
    );
    const isSmall = batch * size * numbers * viewCount(walker.options) <= SMALL_STEP;
    const hasCostlyRuns = walker.backend.device === "cpu" || walker.backend.device === "wasm";
    return this.#walk(
      {
        tokens: noise,
        rows,
        random,
        guidanceInputs: guidanceInputs?.(position, size),
        unroll: isSmall && hasCostlyRuns ? UNROLLED_STEPS : 1,
        repeated: true,
      },
      position,
    );
  }

  /** Denoises tokens at their place after the memory, if there are rows to, and reads them in. */
  async #walk(request: WalkRequest, position: number): Promise<ExtendedBy> {
    const { walker, diffusion } = this.#sampler;
    const { tokens } = request;
    const walk = walker.walk({
      ...request,
      condition: conditionOf(this.#sampler, this.#options, position, tokens.shape[1] as number),
      historyNoise: noiseNeeds(walker.options, diffusion.process).history
        ? historyNoise(this.#sources, tokens.shape, position, diffusion.process.noiseClip)
        : undefined,
      memory: { types: this.#types, values: this.#values },
      commit: true,
      signal: this.#options.signal,
    });
    let extended: ExtendedBy | undefined;
    for await (const { memory, x, taken, calls } of walk) {
      if (memory === undefined) continue;
      this.dispose();
      this.#values = memory;
      extended = { tokens: checkSample("rollout", await readTensor(x)), taken, calls };
    }
    return extended as ExtendedBy;
  }

  async state(): Promise<Pick<RolloutState, "memory">> {
    const entries = Object.entries(this.#values).map(async ([name, value]) => [name, await readCopy(value)] as const);
    return { memory: Object.fromEntries(await Promise.all(entries)) };
  }

  dispose(): void {
    Object.values(this.#values).forEach(disposeTensor);
  }
}

/** Numbers are finite, and whole ones, which count tokens, at most the position. */
function checkRemembered(name: string, remembered: HostTensor, position: number): void {
  const what = `rollout: the memory "${name}" of the state to resume from`;
  const { dtype, data } = checkFinite(what, remembered);
  const wrong = dtype === "int32" ? data.find((count) => count < 0 || count > position) : undefined;
  if (wrong === undefined) return;
  throw new DiffusionForcingError(
    "invalid-data",
    `${what} counts ${wrong} tokens; expected 0 to ${position}, the state's position.`,
  );
}

/** The memory of every view before any token; outputs by the memory's names. */
function initialGraph({ diffusion: { model }, walker }: RolloutSampler, batch: number, tokens: number): Graph {
  const declared = Object.entries(model.parameters).map(([name, { shape }]) =>
    input(parameterName(name), { dtype: "float32", shape }),
  );
  const parameters = Object.fromEntries(Object.keys(model.parameters).map((name, i) => [name, declared[i] as Value]));
  const one = memoryOf(model).initial(parameters, { batch, tokens });
  const views = Array.from({ length: viewCount(walker.options) }, () => one);
  return buildGraph(
    declared,
    Object.fromEntries(Object.entries(joinMemories(views)).map(([name, value]) => [name, mul(value, 1)])),
  );
}

function checkedMemory(types: Readonly<Record<string, TensorType>>, { memory, position }: RolloutState): TensorsByName {
  const given = checkHostTensors("The state to resume from", memory);
  for (const [name, { dtype, shape }] of Object.entries(types)) {
    const found = given[name];
    if (found?.dtype === dtype && shapesEqual(found.shape, shape)) {
      checkRemembered(name, found, position);
      continue;
    }
    throw new DiffusionForcingError(
      "shape-mismatch",
      `rollout: the memory "${name}" of the state to resume from is ${found === undefined ? "missing" : `${found.dtype}${formatShape(found.shape)}`}; expected ${dtype}${formatShape(shape)}. Resume with the batch, window, chunk and model of the rollout it comes from.`,
    );
  }
  return given;
}
