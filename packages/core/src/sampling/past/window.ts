import { type HostTensor, readTensor } from "../../engine/tensor/tensor.js";
import type { NoiseSources } from "../noise-source.js";
import { afterContext } from "../request.js";
import type { CheckedRollout, RolloutSampler, RolloutState } from "../rollout-options.js";
import { joinTokens, lastTokens } from "../tokens.js";
import { noiseNeeds } from "../walk-inputs.js";
import type { WalkRequest } from "../walk-request.js";
import { conditionOf, type ExtendedBy, historyNoise, type NextChunk, type Past } from "./past.js";

/** The past as its last tokens, read again in every step. */
export class RolloutWindow implements Past {
  readonly #sampler: RolloutSampler;
  readonly #options: CheckedRollout;
  readonly #sources: NoiseSources;
  #tokens: HostTensor | undefined;

  constructor(sampler: RolloutSampler, options: CheckedRollout, sources: NoiseSources) {
    this.#sampler = sampler;
    this.#options = options;
    this.#sources = sources;
    this.#tokens = options.resume === undefined ? options.context : options.resume.tokens;
  }

  async extend({ size, position, noise, rows, random }: NextChunk): Promise<ExtendedBy> {
    const { window = Number.POSITIVE_INFINITY, guidanceInputs, signal } = this.#options;
    const { walker, diffusion } = this.#sampler;
    const past = this.#tokens && lastTokens(this.#tokens, window - size);
    const pastLength = past?.shape[1] ?? 0;
    const [first, count] = [position - pastLength, pastLength + size];
    const tokens = past === undefined ? noise : joinTokens(past, noise);
    const request: WalkRequest = {
      tokens,
      rows: afterContext(rows, pastLength),
      random,
      condition: conditionOf(this.#sampler, this.#options, first, count),
      guidanceInputs: guidanceInputs?.(first, count),
      historyNoise: noiseNeeds(walker.options, diffusion.process).history
        ? historyNoise(this.#sources, tokens.shape, first, diffusion.process.noiseClip)
        : undefined,
      signal,
    };
    let last: HostTensor | undefined;
    let [taken, calls] = [0, 0];
    for await (const progress of walker.walk(request)) {
      ({ taken, calls } = progress);
      if (progress.step === rows.length - 1) last = await readTensor(progress.x);
    }
    const fresh = lastTokens(last as HostTensor, size) as HostTensor;
    const known = this.#tokens === undefined ? fresh : joinTokens(this.#tokens, fresh);
    this.#tokens = Number.isFinite(window) ? lastTokens(known, window) : known;
    return { tokens: fresh, taken, calls };
  }

  async state(): Promise<Pick<RolloutState, "tokens">> {
    return this.#tokens === undefined ? {} : { tokens: this.#tokens };
  }

  dispose(): void {}
}
