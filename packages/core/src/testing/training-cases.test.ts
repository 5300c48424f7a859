import { describe, expect, it } from "vitest";
import { referenceBackend } from "../engine/reference/index.js";
import { train } from "../training/train.js";
import { interruptedTraining, trainingCases } from "./training-cases.js";

describe("trainings", () => {
  it.each(trainingCases)("$name: a run that is saved as a file goes on bit for bit", async (trainingCase) => {
    const { whole, half, resumed } = await interruptedTraining(referenceBackend(), trainingCase, 1);
    expect(resumed.state).toEqual(whole.state);
    expect(resumed.parameters).toEqual(whole.parameters);
    expect([...half.losses, ...resumed.losses]).toEqual(whole.losses);
    expect(half.state.parameters).not.toEqual(whole.state.parameters);
  });

  it("go elsewhere from weights alone", async () => {
    const [one] = trainingCases as [(typeof trainingCases)[0]];
    const { whole, half } = await interruptedTraining(referenceBackend(), one, 2);
    const zeroed = Object.fromEntries(
      Object.entries(half.state.first).map(([name, value]) => [name, { ...value, data: value.data.map(() => 0) }]),
    );
    const options = { backend: referenceBackend(), batches: () => one.batch(), seed: 4, steps: 4 };
    const resume = { ...half.state, first: zeroed as typeof half.state.first };
    const other = await train(one.trainable(), { ...options, optimizer: { learningRate: 0.01 }, resume });
    expect(other.state.parameters).not.toEqual(whole.state.parameters);
  });
});
