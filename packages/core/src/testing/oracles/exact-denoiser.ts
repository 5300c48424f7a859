import { atLevel, noiseFromX0, velocity } from "../../diffusion/conversions.js";
import type { DiffusionProcess } from "../../diffusion/loss.js";
import type { Objective } from "../../diffusion/objective.js";
import { cosineSchedule, type NoiseSchedule } from "../../diffusion/schedule.js";
import type { Value } from "../../graph/value.js";
import type { ModelInput } from "../../models/model.js";
import type { Shape } from "../../tensor/shape.js";

export interface OracleOptions {
  /** Default a cosine schedule of 1000 levels. */
  readonly schedule?: NoiseSchedule;
  /** Default "x0". */
  readonly objective?: Objective;
}

/** What a posterior mean is computed from: the tokens [B, T, C], and factors of signal and noise [B, T, 1]. */
export interface Observed {
  readonly tokens: Value;
  readonly signal: Value;
  readonly noise: Value;
}

/**
 * A process whose model has no parameters and answers the best there is, E[x0 | the noised sequence], in the terms of the
 * objective. Whatever is sampled with it has to follow the data's own law.
 */
export function exactProcess(
  tokenShape: Shape,
  posteriorMean: (observed: Observed) => Value,
  { schedule = cosineSchedule(1000), objective = "x0" }: OracleOptions = {},
): DiffusionProcess {
  const { sqrtAlphasCumprod, sqrtOneMinusAlphasCumprod } = schedule.tables;
  const apply = ({ tokens, noiseLevels }: ModelInput): Value => {
    const rank = tokens.shape.length;
    const x0 = posteriorMean({
      tokens,
      signal: atLevel(sqrtAlphasCumprod, noiseLevels, rank),
      noise: atLevel(sqrtOneMinusAlphasCumprod, noiseLevels, rank),
    });
    if (objective === "x0") return x0;
    const eps = noiseFromX0(schedule, tokens, noiseLevels, x0);
    return objective === "noise" ? eps : velocity(schedule, x0, noiseLevels, eps);
  };
  return {
    model: {
      config: { kind: "oracle" },
      tokenShape,
      conditionFeatures: 0,
      parameters: {},
      apply: (_, input) => apply(input),
    },
    schedule,
    objective,
    lossWeighting: { kind: "uniform" },
    clipNoise: 20,
  };
}
