import { interruptedTraining, trainingCases } from "@diffusion-forcing/core/testing";
import { describe, expect, it } from "vitest";
import { onnxBackend } from "./onnx-backend.js";

describe("trainings", () => {
  it.each(trainingCases)("$name: a run that is saved as a file goes on bit for bit", async (trainingCase) => {
    const backend = await onnxBackend({ device: "cpu", threads: 1 });
    try {
      const { whole, resumed } = await interruptedTraining(backend, trainingCase, 2);
      expect(resumed.state).toEqual(whole.state);
      expect(resumed.parameters).toEqual(whole.parameters);
    } finally {
      await backend.dispose();
    }
  });
});
