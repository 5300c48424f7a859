import * as v from "valibot";
import { backendSchema } from "../engine/backend/backend-schema.js";
import type { Backend, Executable } from "../engine/backend/contract.js";
import { breathe } from "../engine/breathe.js";
import { check, schemas } from "../engine/check.js";
import { throwIfAborted } from "../engine/errors.js";
import { createRandom, type RandomStream } from "../engine/random/index.js";
import {
  disposeTensor,
  type HostTensor,
  type HostTensorRecord,
  readTensor,
  type Tensor,
  tensor,
} from "../engine/tensor/tensor.js";
import { checkFitsHead, cpHeadSchema, modelSchema } from "../models/check-model.js";
import type { CpHead } from "../models/cp-head.js";
import { weightsOf } from "../models/data-range.js";
import type { Model } from "../models/model.js";
import { checkParameters } from "../models/parameters.js";
import { checkSequenceSize } from "./sequence-size.js";
import { coupledCategory, pick } from "./speculation/categories.js";
import { symbolLaws } from "./symbol-laws.js";
import { parameterName } from "./walk-inputs.js";

export interface MultiTokenSampling {
  readonly backend: Backend;
  readonly model: Model;
  readonly head: CpHead;
  readonly parameters: HostTensorRecord;
  /** How many sequences. Default 1. */
  readonly batch?: number;
  /** Symbols of each. */
  readonly length: number;
  readonly seed: number | RandomStream;
  /**
   * Whether the head's further symbols are tried: each run then decides up to n symbols, and the law is that of one
   * symbol after the other. Default true.
   */
  readonly speculate?: boolean;
  readonly signal?: AbortSignal;
}

export interface SampledSymbols {
  /** int32 [B, length] */
  readonly symbols: HostTensor<"int32">;
  /** Runs of the model in sequence; samples of a batch share them. */
  readonly calls: number;
}

const schema = v.strictObject({
  backend: backendSchema,
  model: modelSchema,
  head: cpHeadSchema,
  parameters: schemas.having<HostTensorRecord>("weights by parameter name"),
  batch: v.optional(schemas.integer(1), 1),
  length: schemas.integer(1),
  seed: v.custom<number | RandomStream>((value) => value !== undefined && value !== null, "a seed"),
  speculate: v.optional(v.boolean(), true),
  signal: v.optional(schemas.having<AbortSignal>("an AbortSignal", "aborted")),
});

/** Probabilities of the head at all places, of one run. */
interface Laws {
  /** [B, T, r] */
  readonly weights: Float32Array;
  /** [B, T, r, n, V] */
  readonly symbols: Float32Array;
}

/**
 * Symbols of a model that `multiTokenTraining` trained, drawn from the law of its first symbol, one after the other; the
 * head's further symbols are self-speculation: drafted together, looked at in one run, coupled with the law of the first
 * symbol at their own places, and kept until one is not.
 *
 * @throws `invalid-argument`, `invalid-config` for a model that does not fit the head, `checkpoint-mismatch`, `aborted`
 */
export async function sampleSymbols(options: MultiTokenSampling): Promise<SampledSymbols> {
  const given = check("sampleSymbols", schema, options);
  const { backend, model, head, batch, length, seed, speculate, signal } = given;
  checkFitsHead("sampleSymbols", model, head);
  checkParameters(model, given.parameters);
  checkSequenceSize("sampleSymbols", model, batch, length);
  const random = createRandom(seed);
  const weights = Object.entries(weightsOf(model, given.parameters)).map(([name, value]) => [
    parameterName(name),
    value,
  ]);
  const executable = await backend.compile(symbolLaws(model, head, { batch, length }), {
    constants: Object.fromEntries(weights),
  });
  // Those that are not there yet are zeros, which no place before them sees.
  const symbols = new Int32Array(batch * length);
  const done = new Int32Array(batch);
  const reader = new LawReader(head, length);
  let calls = 0;
  /** Drafts after the decided symbols, with the law that each was drawn from. */
  let drafts: (readonly Float64Array[])[] = Array.from({ length: batch }, () => []);
  try {
    while (done.some((count) => count < length)) {
      throwIfAborted(signal);
      const laws = await run(executable, symbols, batch, length, head.categories);
      calls++;
      const next: (readonly Float64Array[])[] = [];
      for (let b = 0; b < batch; b++) {
        const own = symbols.subarray(b * length, (b + 1) * length);
        const draw = (place: number, label: string): number => random.split(b).split(place).split(label).uniform();
        let at = done[b] as number;
        let isWhole = true;
        for (const draft of drafts[b] as readonly Float64Array[]) {
          const target = reader.conditional(laws, b, at, []);
          const found = coupledCategory(own[at] as number, draft, target, draw(at, "accept"), draw(at, "redraw"));
          own[at++] = found.symbol;
          isWhole = found.isKept;
          if (!isWhole) break;
        }
        // Nothing was rejected: the run also tells the law of the symbol after the drafts.
        if (isWhole && at < length) {
          own[at] = pick(reader.conditional(laws, b, at, []), draw(at, "draft"));
          at++;
        }
        done[b] = at;
        const drafted: Float64Array[] = [];
        // The last place whose law was computed from decided symbols alone is that of the symbol just decided.
        for (let s = 1; speculate && s < head.ahead && at - 1 + s < length; s++) {
          const law = reader.conditional(laws, b, at - 1, Array.from(own.subarray(at - 1, at - 1 + s)));
          own[at - 1 + s] = pick(law, draw(at - 1 + s, "draft"));
          drafted.push(law);
        }
        next.push(drafted);
      }
      drafts = next;
      await breathe();
    }
  } finally {
    executable.dispose();
  }
  return { symbols: tensor(symbols, [batch, length]), calls };
}

/** Laws at all places of sequences. */
async function run(
  executable: Executable,
  symbols: Int32Array,
  batch: number,
  length: number,
  categories: number,
): Promise<Laws> {
  const data = new Float32Array(batch * length * categories).fill(-1);
  for (const [i, symbol] of symbols.entries()) data[i * categories + symbol] = 1;
  const outputs = await executable.run({ tokens: tensor(data, [batch, length, categories]) });
  const read = async (value: Tensor): Promise<Float32Array> => {
    const { data: numbers } = await readTensor(value);
    disposeTensor(value);
    return numbers as Float32Array;
  };
  return { weights: await read(outputs.weights as Tensor), symbols: await read(outputs.symbols as Tensor) };
}

class LawReader {
  readonly #head: CpHead;
  readonly #length: number;

  constructor(head: CpHead, length: number) {
    this.#head = head;
    this.#length = length;
  }

  /** P(x_s | x_1..x_{s-1}) by the head at a place, s - 1 being how many symbols are given: w_a prod p_a(x) in place of w_a. */
  conditional({ weights, symbols }: Laws, b: number, place: number, given: readonly number[]): Float64Array {
    const { rank, ahead, categories } = this.#head;
    const row = b * this.#length + place;
    const of = (a: number, s: number, k: number): number =>
      symbols[((row * rank + a) * ahead + s) * categories + k] as number;
    const shares = Array.from({ length: rank }, (_, a) =>
      given.reduce((share, symbol, s) => share * of(a, s, symbol), weights[row * rank + a] as number),
    );
    const total = shares.reduce((sum, share) => sum + share, 0);
    return Float64Array.from({ length: categories }, (_, k) =>
      shares.reduce((sum, share, a) => sum + (share / total) * of(a, given.length, k), 0),
    );
  }
}
