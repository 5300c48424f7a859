/** How tokens are weighted in the loss, as JSON. */
export type LossWeighting =
  /** Every token alike: by `scale`, default 1. The paper's planners and videos use half of `snr_clip`. */
  | { readonly kind: "uniform"; readonly scale?: number }
  /**
   * The running average of the past tokens' limited ratio alone, whatever the token's own level; the first token, which
   * has no past, weighs clip / 2. The paper's code with `use_cum_snr` but without `use_snr`.
   */
  | { readonly kind: "past-snr"; readonly clip: number; readonly decay: number }
  /** Hang et al. 2023: the ratio is limited to `clip`, so that nearly clean tokens do not dominate. */
  | { readonly kind: "min-snr"; readonly clip: number }
  /**
   * Diffusion Forcing's fused ratio: a noisy token after clean ones counts as if it were less noisy, by a running
   * average of the past tokens' limited ratio. `decay` in 0..1 is per token: whoever stacks n frames into a token
   * raises a per-frame decay to the power n.
   */
  | { readonly kind: "fused-snr"; readonly clip: number; readonly decay: number }
  /** clamp(snr, low, high) / high whatever the objective: the weighting of the paper's Maze2D planner (0.5 and 5). */
  | { readonly kind: "clamped-snr"; readonly low: number; readonly high: number };
