import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { type HostTensor, type HostTensorRecord, tensor } from "../engine/tensor/tensor.js";
import type { Network, ParameterSpec } from "../models/model.js";
import { checkParameters } from "../models/parameters.js";
import { type CodecConfig, checkSequences, type PlainCodec, shapeMismatch } from "./codec.js";

/** Sizes of a linear codec; items are [kept + features], tokens [kept + components]. */
export interface PrincipalComponentsOptions {
  /** Numbers at the beginning of an item that pass as they are, normalised. Default 0. */
  readonly kept?: number;
  /** Numbers after them that are projected: the pixels of a small image, say. */
  readonly features: number;
  /** Numbers that they become; at most `features`. */
  readonly components: number;
}

const size = (low: number) => schemas.integer(low, 2 ** 20);
const schema = v.pipe(
  v.strictObject({ kept: v.optional(size(0), 0), features: size(1), components: size(1) }),
  v.check(({ features, components }) => components <= features, "at most as many components as features"),
);

/** What a stored configuration says of the codec's weights. @throws `invalid-config` */
export function principalComponentsNetwork({ kind: _, ...options }: CodecConfig): Network {
  const { kept, features, components } = check("principalComponentsCodec", schema, options, "invalid-config");
  const spec = (...shape: number[]): ParameterSpec => ({ shape, initializer: { kind: "zeros" } });
  return {
    config: { kind: "principal-components", kept, features, components },
    tokenShape: [kept + components],
    parameters: {
      mean: spec(kept + features),
      std: spec(kept + components),
      basis: spec(components, features),
    },
  };
}

/**
 * Items as their coordinates along a few directions: z = (B (x - mean)) / std for orthonormal rows B, the principal
 * components of data; decoding gives mean + B^T (std z), the nearest item that those directions can say. The first `kept`
 * numbers of an item are normalised and otherwise left alone.
 *
 * @param parameters float32: "mean" [kept + features], "std" [kept + components], positive, "basis"
 *   [components, features].
 * @throws `invalid-config`, `checkpoint-mismatch` for weights of other sizes.
 */
export function principalComponentsCodec(
  options: PrincipalComponentsOptions,
  parameters: HostTensorRecord,
): PlainCodec {
  const network = principalComponentsNetwork({ kind: "principal-components", ...options });
  checkParameters(network, parameters);
  const { kept, features, components } = network.config as unknown as Required<PrincipalComponentsOptions>;
  const [mean, std, basis] = ["mean", "std", "basis"].map((name) => parameters[name]?.data) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const [before, after] = [kept + features, kept + components];
  const zero = std.findIndex((deviation) => !(deviation > 0));
  if (zero >= 0) {
    throw new DiffusionForcingError(
      "checkpoint-mismatch",
      `principalComponentsCodec: std holds ${std[zero]} at element ${zero}; expected positive numbers.`,
    );
  }

  function encodeItem(item: Float32Array, token: Float32Array): void {
    for (let i = 0; i < kept; i++) token[i] = ((item[i] as number) - (mean[i] as number)) / (std[i] as number);
    for (let c = 0; c < components; c++) {
      let sum = 0;
      for (let f = 0; f < features; f++) {
        sum += (basis[c * features + f] as number) * ((item[kept + f] as number) - (mean[kept + f] as number));
      }
      token[kept + c] = sum / (std[kept + c] as number);
    }
  }

  function decodeToken(token: Float32Array, item: Float32Array): void {
    item.set(mean);
    for (let i = 0; i < kept; i++) item[i] = (item[i] as number) + (token[i] as number) * (std[i] as number);
    for (let c = 0; c < components; c++) {
      const coordinate = (token[kept + c] as number) * (std[kept + c] as number);
      for (let f = 0; f < features; f++) {
        item[kept + f] = (item[kept + f] as number) + coordinate * (basis[c * features + f] as number);
      }
    }
  }

  const each = (
    { shape, data }: HostTensor,
    [from, to]: readonly [number, number],
    convert: (one: Float32Array, made: Float32Array) => void,
  ): HostTensor<"float32"> => {
    const [batch, length] = shape as [number, number];
    const all = new Float32Array(batch * length * to);
    for (let i = 0; i < batch * length; i++) {
      convert((data as Float32Array).subarray(i * from, (i + 1) * from), all.subarray(i * to, (i + 1) * to));
    }
    return tensor(all, [batch, length, to]);
  };

  return {
    config: network.config,
    itemsPerToken: 1,
    parameters,
    tokenShape: (shape) => {
      if (shape.length === 1 && shape[0] === before) return [after];
      throw shapeMismatch("principalComponentsCodec", shape, `[${before}]`);
    },
    encode: (data) => {
      checkSequences("principalComponentsCodec", data, ["float32"], [before]);
      return each(data, [before, after], encodeItem);
    },
    decode: (tokens) => {
      checkSequences("principalComponentsCodec", tokens, ["float32"], [after]);
      return each(tokens, [after, before], decodeToken);
    },
  };
}
