import * as v from "valibot";
import type { Backend } from "../engine/backend/contract.js";
import { check, schemas } from "../engine/check.js";
import type { Shape } from "../engine/tensor/shape.js";
import type { HostTensor, HostTensorRecord } from "../engine/tensor/tensor.js";
import { type Codec, codecOn, type PlainCodec } from "./codec.js";

export const MOST_CODECS = 16;

const codec = schemas.having<Codec>("a codec", "config", "itemsPerToken", "tokenShape", "encode", "decode");
const most = `a list of 1 to ${MOST_CODECS} codecs`;
const schema = v.pipe(v.array(codec, most), v.minLength(1, most), v.maxLength(MOST_CODECS, most));

/**
 * Codecs one after the other: the first reads the data, the last makes the tokens; decoding goes back. It is plain if all
 * of them are.
 *
 * @throws `invalid-config`
 */
export function chainCodecs(codecs: readonly PlainCodec[]): PlainCodec;
export function chainCodecs(codecs: readonly Codec[]): Codec;
export function chainCodecs(codecs: readonly Codec[]): Codec {
  check("chainCodecs", schema, codecs, "invalid-config");
  const owned = codecs.flatMap(({ parameters = {} }, i) =>
    Object.entries(parameters).map(([name, value]) => [`${i}/${name}`, value] as const),
  );
  return {
    config: { kind: "chain", codecs: codecs.map(({ config }) => config) },
    itemsPerToken: codecs.reduce((product, { itemsPerToken }) => product * itemsPerToken, 1),
    ...(owned.length === 0 ? {} : { parameters: Object.fromEntries(owned) as HostTensorRecord }),
    ...(codecs.some(({ withBackend }) => withBackend !== undefined)
      ? { withBackend: (backend: Backend) => chainCodecs(codecs.map((codec) => codecOn(backend, codec))) }
      : {}),
    tokenShape: (shape: Shape) => codecs.reduce((item, codec) => codec.tokenShape(item), shape),
    encode: (data) => inOrder(codecs, data, (codec, value) => codec.encode(value)) as HostTensor<"float32">,
    decode: (tokens) => inOrder([...codecs].reverse(), tokens, (codec, value) => codec.decode(value)) as HostTensor,
  };
}

/** Applies one codec after the other; waits only for those that take time. */
function inOrder(
  codecs: readonly Codec[],
  value: HostTensor,
  apply: (codec: Codec, value: HostTensor) => HostTensor | Promise<HostTensor>,
): HostTensor | Promise<HostTensor> {
  return codecs.reduce<HostTensor | Promise<HostTensor>>(
    (before, codec) => (isPromise(before) ? before.then((done) => apply(codec, done)) : apply(codec, before)),
    value,
  );
}

/** Of whatever realm. */
function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | undefined)?.then === "function";
}
