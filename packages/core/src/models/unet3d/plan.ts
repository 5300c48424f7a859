import type { UNet3dConfig } from "./config.js";

/** One level of the net, on the way down or up. */
export interface Level {
  /** Its parameters' prefix: `down.0`, `up.0`. */
  readonly name: string;
  /** Channels in; on the way up those that are joined from the way down are included. */
  readonly inputs: number;
  readonly outputs: number;
  readonly attention: boolean;
  /** Whether its spatial attention is the linear kind. */
  readonly linear: boolean;
  /** Whether it ends by halving (down) or doubling (up) the resolution. */
  readonly resamples: boolean;
}

export interface Plan {
  readonly down: readonly Level[];
  /** Channels at the lowest resolution. */
  readonly middle: number;
  readonly up: readonly Level[];
  /** Features of the noise level's embedding. */
  readonly embedding: number;
}

/** Which parts the net of a config has, with their sizes: what both its parameters and its computation follow. */
export function planOf({ width, multipliers, attentionFactors, linearAttention }: UNet3dConfig): Plan {
  const widths = [width, ...multipliers.map((multiplier) => multiplier * width)];
  const last = multipliers.length - 1;
  const steps = multipliers.map((_, i) => ({
    from: widths[i] as number,
    to: widths[i + 1] as number,
    attention: attentionFactors.includes(2 ** i),
    linear: linearAttention && i !== last,
  }));
  const down = steps.map(({ from, to, attention, linear }, i): Level => {
    return { name: `down.${i}`, inputs: from, outputs: to, attention, linear, resamples: i !== last };
  });
  const up = [...steps].reverse().map(({ from, to, attention, linear }, i): Level => {
    return { name: `up.${i}`, inputs: 2 * to, outputs: from, attention, linear, resamples: i !== last };
  });
  return { down, middle: widths[last + 1] as number, up, embedding: 4 * width };
}
