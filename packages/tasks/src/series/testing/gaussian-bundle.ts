import {
  type Bundle,
  cosineSchedule,
  createRandom,
  diffusionForcing,
  type HostTensor,
  initializeParameters,
  transformer,
} from "@diffusion-forcing/core";
import { normalizationCodec } from "@diffusion-forcing/core/bundle";
import { conditionFeatures, type SeriesRecord } from "../record.js";

/**
 * A model that knows its tokens to be independent standard normal numbers, and nothing else: the velocity that it has to
 * predict is then 0, whatever it reads.
 */
export function gaussianBundle(record: Partial<SeriesRecord>, std: readonly number[]): Bundle {
  const whole: SeriesRecord = {
    kind: "series",
    columns: std.map((_, i) => String(i + 1)),
    tokens: "value",
    representation: "difference",
    symmetric: false,
    scaleRows: [],
    factors: [],
    context: 4,
    horizon: 3,
    lags: [],
    calendar: [],
    trainRows: 0,
    ...record,
  };
  const features = whole.tokens === "row" ? std.length : 1;
  const diffusion = diffusionForcing({
    model: transformer({ features, conditionFeatures: conditionFeatures(whole), width: 8, layers: 1, heads: 2 }),
    schedule: cosineSchedule(100),
  });
  const parameters = initializeParameters(diffusion.model, createRandom(0));
  const silent = Object.entries(parameters).map(([name, tensor]): [string, HostTensor] => [
    name,
    name.startsWith("output.") ? ({ ...tensor, data: tensor.data.map(() => 0) } as HostTensor) : tensor,
  ]);
  return {
    diffusion,
    parameters: Object.fromEntries(silent),
    codec: normalizationCodec({ mean: std.map(() => 0), std }),
    task: whole,
  };
}
