import type { Backend, LossWeighting } from "@diffusion-forcing/core";
import { lossWeight } from "@diffusion-forcing/core/process";
import { type GoldenCase, tensorOf } from "../case.js";
import type { TensorResult } from "../compare.js";
import { evaluate } from "../evaluate.js";
import { noiseLevels, swapAxes } from "../layout.js";
import { type OfficialSchedule, officialNoiseProcess } from "../official.js";

/** B: the weight of each token under every objective, plain and fused. */
export async function runLossWeights(golden: GoldenCase, backend: Backend): Promise<TensorResult[]> {
  const config = golden.json.config as OfficialSchedule & { snr_clip: number };
  const levels = noiseLevels(tensorOf(golden, "in.noise_levels"));
  const names = [...golden.tensors.keys()].filter((name) => name.startsWith("out."));
  const outputs = await evaluate(backend, { levels }, (values) =>
    Object.fromEntries(
      names.map((name) => {
        const [, objective = "", decay] = /^out\.(pred_\w+)\.(?:plain|fused_decay(.+))$/.exec(name) ?? [];
        const weighting: LossWeighting =
          decay === undefined
            ? { kind: "min-snr", clip: config.snr_clip }
            : { kind: "fused-snr", clip: config.snr_clip, decay: Number(decay) };
        return [name, lossWeight(officialNoiseProcess(config, objective, 20), values.levels, weighting)];
      }),
    ),
  );
  return Object.entries(outputs).map(([name, weights]) => ({ name, ...swapAxes(weights) }));
}
