import { describe, expect, it } from "vitest";
import { referenceBackend } from "../engine/reference/index.js";
import { lossCases } from "../testing/loss-cases.js";
import { train } from "../training/train.js";
import { decodeTrainingState, encodeTrainingState } from "./training-checkpoint.js";

describe("trainings with losses of their own", () => {
  it.each(lossCases)("$name: a run that is saved as a file resumes bit for bit", async ({ trainable, batch }) => {
    const options = { backend: referenceBackend(), batches: () => batch(), seed: 4 };
    const whole = await train(trainable(), { ...options, steps: 4 });
    const half = await train(trainable(), { ...options, steps: 2 });
    const resume = decodeTrainingState(encodeTrainingState(half.state));
    const rest = await train(trainable(), { ...options, steps: 4, resume });
    expect(rest.parameters).toEqual(whole.parameters);
    expect(rest.state.parameters).toEqual(whole.state.parameters);
    expect(rest.losses.at(-1)).toBe(whole.losses.at(-1));
  });
});
