import { type Backend, type Bundle, tensor } from "@diffusion-forcing/core";
import {
  codePrior,
  type Separation,
  type SeparationOptions,
  type SequencePrior,
  separate,
} from "@diffusion-forcing/core/sampling";
import { type Separator, separatorOf } from "./record.js";
import { analyze, BINS, featuresOf, type Spectrum, share } from "./spectrum.js";

/** A model of separation, opened on a backend, which owns what is compiled for it. */
export interface OpenSeparator extends Separator {
  readonly priors: readonly [SequencePrior, SequencePrior];
  dispose(): Promise<void>;
}

/** @throws `invalid-config`, `invalid-data`, `checkpoint-mismatch` */
export function openSeparator(bundle: Bundle, backend: Backend): OpenSeparator {
  const separator = separatorOf(bundle);
  const { diffusion, parameters } = bundle;
  const { tokens } = separator.record;
  const given = { backend, diffusion, parameters, length: tokens };
  const compiled = [
    [1, 0],
    [0, 1],
  ].map((condition) => codePrior({ ...given, condition }));
  /** Of long sounds it sees the last tokens. */
  const sliding = ({ categories, logProbs }: SequencePrior): SequencePrior => ({
    categories,
    order: tokens - 1,
    logProbs,
  });
  const [first, second] = compiled.map(sliding);
  return {
    ...separator,
    codec: separator.codec.withBackend(backend),
    priors: [first as SequencePrior, second as SequencePrior],
    dispose: async () => {
      for (const prior of compiled) await prior.dispose();
    },
  };
}

/** What a mixture is heard as: its frames, and their codes. */
export interface Heard {
  readonly spectrum: Spectrum;
  readonly codes: Int32Array;
}

export async function hear({ codec }: OpenSeparator, audio: Float32Array): Promise<Heard> {
  const spectrum = analyze(audio);
  const features = tensor(featuresOf(spectrum), [1, spectrum.frames.length, BINS]);
  return { spectrum, codes: (await codec.encodeCodes(features)).data as Int32Array };
}

/** The codes of both sources. */
export function separateCodes(
  { counts, priors }: OpenSeparator,
  { codes }: Heard,
  options: Pick<SeparationOptions, "search" | "likelihoodWeight" | "signal" | "onProgress">,
): Promise<Separation> {
  return separate({ counts, priors, mixture: codes, ...options });
}

/** The two sources as sound: each frame of the mixture divided as the decoded frames of their codes are. */
export async function soundsOf(
  { codec }: OpenSeparator,
  { spectrum }: Heard,
  { first, second }: { readonly first: ArrayLike<number>; readonly second: ArrayLike<number> },
): Promise<readonly [first: Float32Array, second: Float32Array]> {
  const decoded = async (codes: ArrayLike<number>): Promise<Float32Array> =>
    (await codec.decodeCodes(tensor(Int32Array.from(codes), [1, codes.length]))).data as Float32Array;
  const [a, b] = [await decoded(first), await decoded(second)];
  return [share(spectrum, a, b), share(spectrum, b, a)];
}
