import { describe, expect, it } from "vitest";
import type { ParameterSpec } from "../models/model.js";
import { decayWeightsOnly, parameterGroups } from "./parameter-groups.js";

const spec = (shape: number[], more: Partial<ParameterSpec> = {}): ParameterSpec => ({
  shape,
  initializer: { kind: "zeros" },
  ...more,
});
const specs = { weight: spec([2, 2]), bias: spec([2]), norm: spec([2, 2], { decays: false }) };

describe("parameterGroups", () => {
  it("lets weights decay and nothing else, as a default", () => {
    const { groups, indexOf } = parameterGroups(specs, decayWeightsOnly, 0.01);
    expect(groups).toEqual([
      { learningRate: 1, weightDecay: 0.01, ascent: 0 },
      { learningRate: 1, weightDecay: 0, ascent: 0 },
    ]);
    expect(indexOf).toEqual({ weight: 0, bias: 1, norm: 1 });
  });

  it("joins equal groups, and keeps apart what differs in rate, decay or direction", () => {
    const more = { ...specs, frozen: spec([3]), multiplier: spec([], { ascent: 0.5 }) };
    const { groups, indexOf } = parameterGroups(more, (name) => (name === "frozen" ? { learningRate: 0 } : {}), 0.1);
    expect(groups).toEqual([
      { learningRate: 1, weightDecay: 0.1, ascent: 0 },
      { learningRate: 0, weightDecay: 0.1, ascent: 0 },
      { learningRate: 1, weightDecay: 0, ascent: 0.5 },
    ]);
    expect(indexOf).toEqual({ weight: 0, bias: 0, norm: 0, frozen: 1, multiplier: 2 });
  });

  it.each([
    [{ lr: 1 }, 'optimizer.group of "weight": there is no option lr'],
    [{ learningRate: -1 }, "learningRate is -1; expected a number from 0"],
    [{ weightDecay: Number.NaN }, "weightDecay is NaN"],
    [undefined, 'optimizer.group of "weight": the value is undefined; expected an object'],
  ])("refuses the group %j", (group, message) => {
    expect(() => parameterGroups(specs, () => group as never, 0)).toThrow(message);
  });
});
