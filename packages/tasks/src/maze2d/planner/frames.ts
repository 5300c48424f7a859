import type { MazeDataset } from "../dataset.js";

/** What a frame of the planner's sequence can hold, two features each. */
export type FrameField = "position" | "velocity" | "action";

export const frameFields: readonly FrameField[] = ["position", "velocity", "action"];

export function featuresPerFrame(fields: readonly FrameField[]): number {
  return 2 * fields.length;
}

/** The frames of a dataset, `[F, frame features]`: the fields of each observation, with the action then taken. */
export function datasetFrames(dataset: MazeDataset, fields: readonly FrameField[]): Float32Array {
  const width = featuresPerFrame(fields);
  const count = dataset.actions.length / 2;
  const frames = new Float32Array(count * width);
  fields.forEach((field, index) => {
    const [source, stride, offset] =
      field === "action" ? [dataset.actions, 2, 0] : [dataset.observations, 4, field === "velocity" ? 2 : 0];
    for (let frame = 0; frame < count; frame++) {
      const from = frame * stride + offset;
      frames[frame * width + 2 * index] = source[from] as number;
      frames[frame * width + 2 * index + 1] = source[from + 1] as number;
    }
  });
  return frames;
}
