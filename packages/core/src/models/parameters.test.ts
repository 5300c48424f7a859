import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../engine/errors.js";
import { createRandom } from "../engine/random/index.js";
import { type HostTensorRecord, tensor, zeros } from "../engine/tensor/tensor.js";
import type { Model, ParameterSpec } from "./model.js";
import { checkParameters, countParameters, initializeParameters } from "./parameters.js";

function modelOf(parameters: Record<string, ParameterSpec>): Model {
  return {
    config: { kind: "test" },
    tokenShape: [1],
    conditionFeatures: 0,
    parameters,
    apply: (_, { tokens }) => tokens,
  };
}

const weight: ParameterSpec = { shape: [40, 50], initializer: { kind: "uniform", bound: 0.25 } };
const scale: ParameterSpec = { shape: [3], initializer: { kind: "ones" } };
const bias: ParameterSpec = { shape: [2], initializer: { kind: "zeros" } };
const model = modelOf({ weight, scale, bias });

describe("initializeParameters", () => {
  it("draws each parameter as its specification says", () => {
    const parameters = initializeParameters(model, createRandom(1));
    expect(parameters.scale).toEqual(tensor([1, 1, 1]));
    expect(parameters.bias).toEqual(tensor([0, 0]));
    const { shape, data } = parameters.weight!;
    expect(shape).toEqual([40, 50]);
    // The extremes of 2000 draws lie within 1 % of the bounds.
    expect(Math.min(...data)).toBeGreaterThanOrEqual(-0.25);
    expect(Math.min(...data)).toBeLessThan(-0.2475);
    expect(Math.max(...data)).toBeGreaterThan(0.2475);
    expect(Math.max(...data)).toBeLessThanOrEqual(0.25);
    // A uniform's variance is bound^2 / 3; over 2000 draws its relative standard deviation is 2 %.
    const variance = data.reduce((sum, x) => sum + x * x, 0) / 2000;
    expect(variance / (0.25 ** 2 / 3)).toBeGreaterThan(0.92);
    expect(variance / (0.25 ** 2 / 3)).toBeLessThan(1.08);
  });

  it("gives the same values for the same seed and others for another", () => {
    const first = initializeParameters(model, createRandom(1));
    expect(initializeParameters(model, createRandom(1))).toEqual(first);
    expect(initializeParameters(model, createRandom(2)).weight!.data[0]).not.toBe(first.weight!.data[0]);
  });

  it("draws a parameter alike whatever others the model has, and however they are ordered", () => {
    const alone = initializeParameters(modelOf({ weight }), createRandom(1)).weight;
    const among = initializeParameters(modelOf({ first: weight, scale, weight }), createRandom(1));
    expect(among.weight).toEqual(alone);
    expect(among.first!.data[0]).not.toBe(alone!.data[0]);
  });

  it("does not depend on what was drawn from the stream before", () => {
    const random = createRandom(1);
    random.uniform();
    expect(initializeParameters(model, random)).toEqual(initializeParameters(model, createRandom(1)));
  });
});

describe("countParameters", () => {
  it("counts values, not tensors", () => {
    expect(countParameters(model)).toBe(2005);
  });
});

describe("checkParameters", () => {
  const fitting: HostTensorRecord = {
    weight: zeros("float32", [40, 50]),
    scale: tensor([1, 1, 1]),
    bias: tensor([0, 0]),
  };
  const complaint = (tensors: HostTensorRecord): string => {
    try {
      checkParameters(model, tensors);
    } catch (error) {
      return isDiffusionForcingError(error, "checkpoint-mismatch") ? error.message : String(error);
    }
    return "accepted";
  };

  it("accepts exactly the model's parameters, in any order", () => {
    const { weight, scale, bias } = fitting as Required<typeof fitting>;
    expect(complaint({ bias: bias!, scale: scale!, weight: weight! })).toBe("accepted");
  });

  it("refuses weights that are not finite", () => {
    const wrong = { ...initializeParameters(model, createRandom(0)) };
    const [name] = Object.keys(wrong) as [string];
    const { shape } = wrong[name]!;
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    data[1] = Number.POSITIVE_INFINITY;
    wrong[name] = tensor(data, shape);
    expect(() => checkParameters(model, wrong)).toThrow(
      `Parameter "${name}" holds Infinity at element 1; expected finite numbers.`,
    );
  });

  it("refuses weights that JSON or a short read left without their elements", () => {
    expect(complaint(JSON.parse(JSON.stringify(fitting)))).toMatch(
      /Parameter "weight" is float32\[40, 50\], but its data are .* does not survive JSON/,
    );
    expect(complaint({ ...fitting, bias: { dtype: "float32", shape: [2], data: new Float32Array(1) } })).toContain(
      'Parameter "bias" is float32[2], which holds 2 elements, but its data have 1.',
    );
  });

  it("names what is missing, unknown or of another type, and the model", () => {
    const { bias: _bias, ...withoutBias } = fitting;
    expect(complaint(withoutBias)).toBe(
      'Parameter "bias" [2] is missing. These weights belong to another model than { kind: "test" }.',
    );
    expect(complaint({ ...fitting, extra: tensor([1]) })).toMatch(/There is no parameter "extra"/);
    expect(complaint({ ...fitting, bias: tensor([0, 0, 0]) })).toMatch(/"bias" is float32\[3\], expected float32\[2\]/);
    expect(complaint({ ...fitting, bias: tensor(Int32Array.of(0, 0)) })).toMatch(/"bias" is int32\[2\]/);
  });

  it("takes no inherited property for a parameter", () => {
    expect(complaint(Object.create(fitting) as HostTensorRecord)).toMatch(/"weight" \[40, 50\] is missing/);
  });
});
