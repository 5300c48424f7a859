import { describe, expect, it } from "vitest";
import { trace } from "../../engine/graph/trace.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { readTensor, tensor } from "../../engine/tensor/tensor.js";
import { addNoise } from "./conversions.js";
import { modelPrediction, type Objective, parseObjective, trainingTarget } from "./objective.js";
import { cosineSchedule } from "./schedule.js";

const schedule = cosineSchedule(50);
const inputs = {
  x0: tensor([0.5, -1.5, 0.25, 2], [1, 2, 2]),
  noise: tensor([3, -0.25, 1, -2], [1, 2, 2]),
  levels: tensor(Int32Array.of(10, 40), [1, 2]),
};

describe.each<Objective>(["noise", "x0", "v"])("objective %s", (objective) => {
  it("turns a perfect output back into the clean token and the noise", async () => {
    const graph = trace(inputs, ({ x0, noise, levels }) => {
      const x = addNoise(schedule, x0, levels, noise);
      const target = trainingTarget(schedule, objective, x0, levels, noise);
      return { ...modelPrediction(schedule, objective, x, levels, target) };
    });
    const { x0, eps } = await (await referenceBackend().compile(graph)).run(inputs);
    const data = await Promise.all([readTensor(x0!), readTensor(eps!)]);
    expect([...data[0]!.data]).toEqual([0.5, -1.5, 0.25, 2].map((value) => expect.closeTo(value, 5)));
    expect([...data[1]!.data]).toEqual([3, -0.25, 1, -2].map((value) => expect.closeTo(value, 5)));
  });
});

describe("modelPrediction", () => {
  it.each([
    ["noise", [1, -0.25, 1, -1]],
    ["x0", undefined],
    ["v", undefined],
  ] as const)("limits what it takes for noise only under objective noise: %s", async (objective, limited) => {
    const graph = trace(inputs, ({ x0, noise, levels }) => {
      const x = addNoise(schedule, x0, levels, noise);
      const { eps } = modelPrediction(schedule, objective, x, levels, noise, { clipNoise: 1 });
      const free = modelPrediction(schedule, objective, x, levels, noise);
      return { eps, free: free.eps };
    });
    const { eps, free } = await (await referenceBackend().compile(graph)).run(inputs);
    const expected = limited ?? [...(await readTensor(free!)).data];
    expect([...(await readTensor(eps!)).data]).toEqual(expected);
  });
});

describe("parseObjective", () => {
  it("knows three and names them when given another", () => {
    expect(parseObjective("v")).toBe("v");
    expect(() => parseObjective("pred_v")).toThrow(/"pred_v".*noise, x0, v/);
  });
});
