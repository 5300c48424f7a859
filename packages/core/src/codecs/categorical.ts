import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import type { Shape } from "../engine/tensor/shape.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { checkSequences, type PlainCodec, shapeMismatch } from "./codec.js";

export interface CategoricalOptions {
  /** N: symbols are whole numbers 0..N - 1. */
  readonly categories: number;
  /**
   * "one-hot": N features, 1 for the symbol and -1 for the others; no two symbols are nearer than others. "bits": analog
   * bits (Chen, Zhang and Hinton 2023), ceil(log2 N) features, the least significant first, 1 or -1: for vocabularies
   * whose one-hot vectors would dwarf the rest. Default "one-hot".
   */
  readonly encoding?: "one-hot" | "bits";
}

const schema = v.strictObject({
  categories: schemas.integer(2, 2 ** 20),
  encoding: v.optional(schemas.choice("one-hot", "bits"), "one-hot"),
});

/**
 * Symbols as features: int32 [B, F, ...S] as float32 [B, F, ...S', features], S' one axis shorter: the features of an
 * item's symbols [n] lie in a row, [n * features], and an item that is one symbol, [], becomes [features]. Decoding takes
 * the nearest symbol.
 *
 * @throws `invalid-config`; encoding, `invalid-data` for a symbol outside 0..N - 1.
 */
export function categoricalCodec(options: CategoricalOptions): PlainCodec {
  const { categories, encoding } = check("categoricalCodec", schema, options, "invalid-config");
  const features = encoding === "one-hot" ? categories : Math.ceil(Math.log2(categories));
  const tokenShape = (shape: Shape): Shape => {
    if (shape.length > 1) throw shapeMismatch("categoricalCodec", shape, "[] or [symbols]");
    return [(shape[0] ?? 1) * features];
  };
  const isOn = (symbol: number, feature: number): boolean =>
    encoding === "one-hot" ? symbol === feature : Math.floor(symbol / 2 ** feature) % 2 === 1;
  return {
    config: { kind: "categorical", categories, encoding },
    itemsPerToken: 1,
    tokenShape,
    encode: (data) => {
      checkSequences("categoricalCodec", data, ["int32"]);
      const shape = tokenShape(data.shape.slice(2));
      const wrong = data.data.find((symbol) => symbol < 0 || symbol >= categories);
      if (wrong !== undefined) {
        throw new DiffusionForcingError(
          "invalid-data",
          `categoricalCodec: there is no symbol ${wrong}; expected 0 to ${categories - 1}.`,
        );
      }
      const values = new Float32Array(data.data.length * features).fill(-1);
      data.data.forEach((symbol, i) => {
        if (encoding === "one-hot") values[i * features + symbol] = 1;
        else for (let bit = 0; bit < features; bit++) if (isOn(symbol, bit)) values[i * features + bit] = 1;
      });
      return tensor(values, [...data.shape.slice(0, 2), ...shape]);
    },
    decode: (tokens) => {
      checkSequences("categoricalCodec", tokens, ["float32"]);
      const [batch, length, width] = tokens.shape as [number, number, number | undefined];
      if (width === undefined || tokens.shape.length !== 3 || width % features !== 0) {
        throw shapeMismatch("categoricalCodec", tokens.shape.slice(2), `[symbols * ${features}]`);
      }
      const symbols = Int32Array.from({ length: tokens.data.length / features }, (_, i) =>
        nearest((tokens as HostTensor<"float32">).data.subarray(i * features, (i + 1) * features)),
      );
      return tensor(symbols, [batch, length, ...(width === features ? [] : [width / features])]);
    },
  };

  /** The symbol whose features are nearest: the largest of a one-hot vector; of bits, their signs where that is a symbol. */
  function nearest(values: Float32Array): number {
    if (encoding === "one-hot")
      return values.reduce((best, value, i) => (value > (values[best] as number) ? i : best), 0);
    const bySigns = values.reduce((symbol, value, bit) => symbol + (value > 0 ? 2 ** bit : 0), 0);
    if (bySigns < categories) return bySigns;
    let best = 0;
    let most = Number.NEGATIVE_INFINITY;
    for (let symbol = 0; symbol < categories; symbol++) {
      const product = values.reduce((sum, value, bit) => sum + (isOn(symbol, bit) ? value : -value), 0);
      if (product > most) [best, most] = [symbol, product];
    }
    return best;
  }
}
