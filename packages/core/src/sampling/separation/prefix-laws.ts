import type { Backend, Executable } from "../../engine/backend/contract.js";
import { describe } from "../../engine/describe.js";
import { DiffusionForcingError } from "../../engine/errors.js";
import { trace } from "../../engine/graph/trace.js";
import type { TensorType, Value } from "../../engine/graph/value.js";
import { disposeTensor, type HostTensorRecord, readTensor, type Tensor, tensor } from "../../engine/tensor/tensor.js";
import { weightsOf } from "../../models/data-range.js";
import type { Model, Parameters } from "../../models/model.js";
import { checkParameters } from "../../models/parameters.js";
import type { CompiledPrior } from "./sequence-prior.js";
import { checkCodes } from "./sum-counts.js";

interface PrefixLawsOptions {
  readonly backend: Backend;
  readonly model: Model;
  readonly parameters: HostTensorRecord;
  /** Symbols of the longest prefix. */
  readonly longest: number;
  readonly categories: number;
  /** A symbol as numbers of a token, in a row. */
  token(symbol: number): readonly number[];
  /**
   * Logarithms of the laws at all places, [B, T, V], from tokens [B, T, ...] of which those at a place and after it are
   * zero: place t is to tell the law after t symbols.
   *
   * @param given `noiseLevels` int32 [B, T], if there is a hidden level; `condition` [B, T, D], if the model takes one.
   */
  laws(parameters: Parameters, tokens: Value, given: Readonly<Record<string, Value>>): Value;
  /** The level of tokens that are not given; those that are have level 0. Absent: the model is told nothing. */
  readonly hidden?: number;
  /** What conditions every token, [D], if the model takes a condition. */
  readonly condition?: readonly number[] | undefined;
}

/** Sizes are rounded up to powers of 2, so that few graphs serve a search. */
const rounded = (size: number): number => 2 ** Math.ceil(Math.log2(Math.max(size, 1)));

/** Laws of the next symbol after prefixes, by a model that reads them whole. */
export class PrefixLaws {
  readonly #options: PrefixLawsOptions;
  readonly #weights: HostTensorRecord;
  readonly #executables = new Map<string, Promise<Executable>>();

  /** @throws `checkpoint-mismatch` */
  constructor(options: PrefixLawsOptions) {
    checkParameters(options.model, options.parameters);
    this.#options = options;
    this.#weights = weightsOf(options.model, options.parameters);
  }

  /** As searches take it. */
  get prior(): CompiledPrior {
    const { categories, longest } = this.#options;
    return { categories, longest, logProbs: (prefixes) => this.after(prefixes), dispose: () => this.dispose() };
  }

  /** Log probabilities of each symbol after each prefix; all prefixes are of one length. @throws `invalid-data` */
  async after(prefixes: readonly (readonly number[])[]): Promise<Float32Array[]> {
    const { categories, longest, token, model, condition, hidden } = this.#options;
    if (!Array.isArray(prefixes)) {
      throw new DiffusionForcingError(
        "invalid-data",
        `A prior: the prefixes are ${describe(prefixes)}; expected a list of lists of symbols.`,
      );
    }
    for (const prefix of prefixes) checkCodes("A prior", prefix, categories);
    const place = prefixes[0]?.length ?? 0;
    const odd = prefixes.find((prefix) => prefix.length !== place);
    if (odd !== undefined || place > longest) {
      throw new DiffusionForcingError(
        "invalid-data",
        `A prior: prefixes of ${place} and ${odd?.length ?? place} symbols; expected one length, at most ${longest}.`,
      );
    }
    const [batch, length] = [rounded(prefixes.length), Math.min(rounded(place + 1), longest + 1)];
    const size = model.tokenShape.reduce((product, axis) => product * axis, 1);
    const data = new Float32Array(batch * length * size);
    for (const [b, prefix] of prefixes.entries()) {
      for (const [t, symbol] of prefix.entries()) data.set(token(symbol), (b * length + t) * size);
    }
    const executable = await this.#compiled(batch, length);
    const { laws } = await executable.run({
      tokens: tensor(data, [batch, length, ...model.tokenShape]),
      ...(hidden === undefined
        ? {}
        : {
            noiseLevels: tensor(
              Int32Array.from({ length: batch * length }, (_, i) => (i % length < place ? 0 : hidden)),
              [batch, length],
            ),
          }),
      ...(condition === undefined
        ? {}
        : {
            condition: tensor(
              Float32Array.from(
                { length: batch * length * condition.length },
                (_, i) => condition[i % condition.length] as number,
              ),
              [batch, length, condition.length],
            ),
          }),
    });
    const { data: all } = await readTensor(laws as Tensor);
    disposeTensor(laws as Tensor);
    return prefixes.map((_, b) => {
      const start = (b * length + place) * categories;
      return (all as Float32Array).slice(start, start + categories);
    });
  }

  #compiled(batch: number, length: number): Promise<Executable> {
    const key = `${batch}x${length}`;
    const known = this.#executables.get(key);
    if (known !== undefined) return known;
    const { backend, model, hidden } = this.#options;
    const weights = this.#weights;
    const { conditionFeatures } = model;
    const float = (...shape: readonly number[]): TensorType => ({ dtype: "float32", shape });
    const types: Record<string, TensorType> = {
      ...weights,
      tokens: float(batch, length, ...model.tokenShape),
      ...(hidden === undefined ? {} : { noiseLevels: { dtype: "int32", shape: [batch, length] } as const }),
      ...(conditionFeatures > 0 ? { condition: float(batch, length, conditionFeatures) } : {}),
    };
    const graph = trace(types, (values) => ({
      laws: this.#options.laws(values, values.tokens as Value, values),
    }));
    const made = backend.compile(graph, { constants: weights });
    this.#executables.set(key, made);
    // A failure is the caller's, and is not kept: the next call tries again.
    made.catch(() => this.#executables.delete(key));
    return made;
  }

  /** Frees what was compiled. */
  async dispose(): Promise<void> {
    const all = [...this.#executables.values()];
    this.#executables.clear();
    for (const executable of all) (await executable).dispose();
  }
}
