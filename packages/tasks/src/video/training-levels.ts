import { type Batch, type RandomStream, tensor } from "@diffusion-forcing/core";

/**
 * How the noise levels of a sequence are drawn in training:
 *
 * - `"independent"`: each frame its own, uniform over 1..K. Diffusion Forcing.
 * - `"same"`: one for all frames. Full-sequence diffusion, causal if the model is.
 * - `"clean-past"`: all frames before one are clean, and that one is uniform over 1..K; those after it do not count.
 *   Teacher forcing.
 * - `"next-frame"`: as before, but the one frame is pure noise: with the objective `x0` the model learns the mean of the
 *   next frame, which is what a deterministic predictor learns. One step samples it.
 */
export const levelSources = ["independent", "same", "clean-past", "next-frame"] as const;
export type TrainingLevels = (typeof levelSources)[number];

/** The levels, and the loss's mask, of a batch whose levels are drawn that way. */
export function trainingLevels(
  source: TrainingLevels,
  { batch, frames, levels }: { readonly batch: number; readonly frames: number; readonly levels: number },
  random: RandomStream,
): Pick<Batch, "noiseLevels" | "lossMask"> {
  // What training draws itself.
  if (source === "independent") return {};
  const drawn = new Int32Array(batch * frames).fill(levels);
  const mask = new Float32Array(batch * frames);
  for (let sequence = 0; sequence < batch; sequence++) {
    const [from, to] = [sequence * frames, (sequence + 1) * frames];
    const level = source === "next-frame" ? levels : random.integer(1, levels + 1);
    if (source === "same") {
      drawn.fill(level, from, to);
      mask.fill(1, from, to);
      continue;
    }
    const target = from + random.integer(1, frames);
    drawn.fill(0, from, target);
    drawn[target] = level;
    mask[target] = 1;
  }
  return { noiseLevels: tensor(drawn, [batch, frames]), lossMask: tensor(mask, [batch, frames, 1, 1, 1]) };
}

/** The least level that models trained that way know clean frames by: what shows them without any stabilisation. */
export function leastLevel(source: TrainingLevels): 0 | 1 {
  return source === "clean-past" || source === "next-frame" ? 0 : 1;
}
