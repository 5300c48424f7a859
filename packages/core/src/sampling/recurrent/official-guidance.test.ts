import { describe, expect, it } from "vitest";
import { trace } from "../../engine/graph/trace.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { readTensor, tensor } from "../../engine/tensor/tensor.js";
import { recurrent } from "../../models/recurrent/index.js";
import { linearSchedule } from "../../process/gaussian/schedule.js";
import type { DiffusionProcess } from "../../process/loss.js";
import { officialGuidanceFactor } from "./official-guidance.js";

const process: DiffusionProcess = {
  model: recurrent({ features: 1, stateSize: 4, width: 4 }),
  schedule: linearSchedule(100),
  objective: "x0",
  lossWeighting: { kind: "uniform" },
  clipNoise: 6,
};

describe("officialGuidanceFactor", () => {
  it.each([
    [0, [7.468462e-5, 0.025948942, 0]],
    [1, [0.6534538, 0.46168894, 0]],
  ])("is the paper's planner's, eta %d", async (eta, expected) => {
    const levels = { from: tensor(Int32Array.of(100, 60, 10), [1, 3]), to: tensor(Int32Array.of(90, 50, 0), [1, 3]) };
    const graph = trace(levels, ({ from, to }) => ({ factor: officialGuidanceFactor(process, from, to, eta, 3) }));
    const { factor } = await (await referenceBackend().compile(graph)).run(levels);
    const { shape, data } = await readTensor(factor!);
    expect(shape).toEqual([1, 3, 1]);
    expect([...data]).toEqual(expected.map((value) => expect.closeTo(value, 6)));
  });
});
