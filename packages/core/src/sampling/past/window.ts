import { copyTensor, type HostTensor, readTensor } from "../../engine/tensor/tensor.js";
import { checkSample } from "../check-sample.js";
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
    const { guidanceInputs, signal } = this.#options;
    const window = this.#options.window as number;
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
      repeated: count === window,
      signal,
    };
    let walked: ExtendedBy | undefined;
    for await (const { step, x, taken, calls } of walker.walk(request)) {
      if (step === rows.length - 1) walked = { tokens: checkSample("rollout", await readTensor(x)), taken, calls };
    }
    const whole = walked as ExtendedBy;
    const fresh = lastTokens(whole.tokens, size) as HostTensor;
    const known = this.#tokens === undefined ? fresh : joinTokens(this.#tokens, fresh);
    this.#tokens = lastTokens(known, window);
    return { ...whole, tokens: fresh };
  }

  async state(): Promise<Pick<RolloutState, "tokens">> {
    return this.#tokens === undefined ? {} : { tokens: copyTensor(this.#tokens) };
  }

  dispose(): void {}
}
