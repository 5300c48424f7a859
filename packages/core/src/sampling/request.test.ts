import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { transformer } from "../models/transformer/index.js";
import { smallPath } from "../testing/small-path.js";
import { autoregressive } from "./plan/matrix-shapes.js";
import {
  afterContext,
  checkCondition,
  checkedRequest,
  checkGuidanceInputs,
  checkTokens,
  sampleRequest,
} from "./request.js";
import type { Start, StartRequest } from "./start.js";

const process = smallPath();
const sizes = { features: 1, width: 8, layers: 1, heads: 1 } as const;
const model = transformer(sizes);
const diffusion = { model, process, lossWeighting: process.lossWeighting };
const sampling = { diffusion, timesteps: 2, levels: Int32Array.of(0, 1, 3) };
const context = tensor([0.5, -0.5], [1, 2, 1]);

describe("sampleRequest", () => {
  it("puts noise after the context, and levels of 0 before the matrix", async () => {
    const options = { context, length: 2, seed: 7, matrix: autoregressive() };
    const { tokens, rows, ...rest } = await sampleRequest(sampling, options);
    expect(tokens.shape).toEqual([1, 4, 1]);
    expect([...tokens.data.slice(0, 2)]).toEqual([0.5, -0.5]);
    const noise = new Float32Array(2);
    createRandom(7).split("start").fillNormal(noise, { clip: 20 });
    expect([...tokens.data.slice(2)]).toEqual([...noise]);
    expect(rows.map((row) => Array.from(row))).toEqual([
      [0, 0, 2, 2],
      [0, 0, 1, 2],
      [0, 0, 0, 2],
      [0, 0, 0, 1],
      [0, 0, 0, 0],
    ]);
    expect(Object.keys(rest)).toEqual(["seed"]);
  });

  it("takes as many sequences as the context has, one without", async () => {
    const two = tensor([1, 2], [2, 1, 1]);
    expect((await sampleRequest(sampling, { context: two, length: 1, seed: 1 })).tokens.shape).toEqual([2, 2, 1]);
    expect((await sampleRequest(sampling, { length: 3, seed: 1 })).tokens.shape).toEqual([1, 3, 1]);
    expect((await sampleRequest(sampling, { length: 3, seed: 1, batch: 2 })).tokens.shape).toEqual([2, 3, 1]);
  });

  it("hands on the condition of all tokens, that of the new ones to the prior, and what steers the walk", async () => {
    const conditioned = { ...diffusion, model: transformer({ ...sizes, conditionFeatures: 1 }) };
    const seen: StartRequest[] = [];
    const start: Start = {
      level: 3,
      prior: (request) => {
        seen.push(request);
        return request.noise;
      },
    };
    const condition = tensor([1, 2, 3, 4, 5], [1, 5, 1]);
    const steering = { guidanceInputs: { goal: tensor([1]) }, signal: new AbortController().signal };
    const options = { context, length: 3, seed: 7, condition, ...steering };
    const request = await sampleRequest({ ...sampling, diffusion: conditioned, start }, options);
    expect(request).toMatchObject({ condition, ...steering });
    expect(seen[0]?.condition).toEqual(tensor([3, 4, 5], [1, 3, 1]));
    await expect(sampleRequest({ ...sampling, diffusion: conditioned }, { ...options, length: 4 })).rejects.toThrow(
      "sample: the condition is float32[1, 5, 1]; the model takes float32[1, 6, 1].",
    );
    // A sampler without a condition has no such thing to tell.
    await sampleRequest({ ...sampling, start }, { context, length: 3, seed: 7 });
    expect(seen[1]).toStrictEqual({ noise: expect.anything(), levels: Int32Array.of(3, 3, 3) });
  });

  it("counts the context among the tokens that one walk can hold", async () => {
    const message = "sample: 1 sequences of 1048577 tokens are too much for one walk";
    await expect(sampleRequest(sampling, { context, length: 2 ** 20 - 1, seed: 1 })).rejects.toThrow(message);
  });

  it.each<[object, string]>([
    [{ batch: 2, context }, "the context holds 1 sequences and batch is 2; expected the same, or no batch."],
    [{ batch: 0 }, "sample: batch is 0; expected a whole number from 1."],
    [{ length: 0 }, "sample: length is 0; expected a whole number from 1."],
    [{ length: undefined }, "sample: length is"],
    [{ seed: null }, "sample: seed is null; expected a whole number from 0, a RandomStream, or one of these"],
    [{ seed: undefined }, "sample: seed is undefined; expected a whole number from 0"],
    [{ seed: {} }, "sample: seed is an object; expected a whole number from 0"],
    [{ context: null }, "sample: context is null; expected a tensor on the host."],
    [{ context: tensor([1, 2], [1, 1, 2]) }, "got float32[1, 1, 2] for the context; expected float32[B, T, 1]."],
    [{ context: tensor([Number.NaN], [1, 1, 1]) }, "NaN"],
    [{ condition: tensor([1], []) }, "sample: the condition is float32[]; the model takes none."],
    [{ matrix: null }, "sample: matrix is null; expected a matrix, such as pyramid()."],
    [{ matrix: 1 }, "sample: matrix is 1; expected a matrix, such as pyramid()."],
    [{ signal: {} }, "sample: signal is an object; expected an AbortSignal."],
    [{ steps: 3 }, "sample: there is no option steps."],
  ])("refuses %o", async (wrong, message) => {
    await expect(sampleRequest(sampling, { length: 1, seed: 1, ...wrong } as never)).rejects.toThrow(message);
  });
});

it("checks what is to be denoised before anything is run", () => {
  const request = {
    tokens: context,
    rows: [
      [2, 2],
      [0, 0],
    ],
    seed: 1,
  };
  expect(checkedRequest(sampling, request)).toBe(request);
  const refused = (wrong: object) => () => checkedRequest(sampling, { ...request, ...wrong } as never);
  expect(refused({ tokens: tensor([1], []) })).toThrow("got float32[] for the tokens");
  expect(
    refused({
      rows: [
        [3, 3],
        [0, 0],
      ],
    }),
  ).toThrow(/3/);
  expect(refused({ rows: {} })).toThrow("denoise: rows is an object; expected rows of level indices.");
  expect(refused({ condition: context })).toThrow("the condition is float32[1, 2, 1]; the model takes none");
  expect(refused({ historyNoise: tensor([1, 2, 3, 4], [1, 2, 2]) })).toThrow("for the historyNoise");
  expect(refused({ length: 3 })).toThrow("there is no option length");
});

it("knows what is a condition", () => {
  const conditioned = transformer({ ...sizes, conditionFeatures: 3 });
  const given = tensor(new Float32Array(6), [1, 2, 3]);
  expect(() => checkCondition("f", conditioned, given, 1, 2)).not.toThrow();
  expect(() => checkCondition("f", model, undefined, 1, 2)).not.toThrow();
  const message = "f: the condition is missing; the model takes float32[1, 2, 3].";
  expect(() => checkCondition("f", conditioned, undefined, 1, 2)).toThrow(message);
  expect(() => checkCondition("f", conditioned, given, 2, 2)).toThrow("the model takes float32[2, 2, 3]");
  const whole = tensor(new Int32Array(6), [1, 2, 3]);
  expect(() => checkCondition("f", conditioned, whole, 1, 2)).toThrow("the condition is int32[1, 2, 3]");
  const empty = tensor([], [1, 2, 0]);
  expect(() => checkCondition("f", model, empty, 1, 2)).toThrow("float32[1, 2, 0]; the model takes none.");
  const infinite = tensor([1, 2, 3, 4, 5, Number.POSITIVE_INFINITY], [1, 2, 3]);
  expect(() => checkCondition("f", conditioned, infinite, 1, 2)).toThrow("Infinity");
});

it("reads guidance inputs on the host, and leaves those on a device alone", () => {
  const types = { goal: { dtype: "float32", shape: [1] } } as const;
  expect(() => checkGuidanceInputs(undefined, {})).not.toThrow();
  expect(() => checkGuidanceInputs({ goal: tensor([1], [1]) }, types)).not.toThrow();
  expect(() => checkGuidanceInputs(undefined, types)).toThrow(
    'guidanceInputs: "goal" is missing; expected goal float32[1].',
  );
  expect(() => checkGuidanceInputs({ goal: tensor([1, 2], [2]) }, types)).toThrow(
    'guidanceInputs: "goal" is float32[2]; expected goal float32[1].',
  );
  expect(() => checkGuidanceInputs({ goal: tensor(Int32Array.of(1), [1]) }, types)).toThrow(
    'guidanceInputs: "goal" is int32[1]; expected goal float32[1].',
  );
  expect(() => checkGuidanceInputs({ goal: tensor([1], [1]) }, {})).toThrow(
    'guidanceInputs: there is no input "goal"; expected none, as the guidance declares none.',
  );
  expect(() => checkGuidanceInputs(5 as never, types)).toThrow(
    "guidanceInputs: the value is 5; expected tensors by name",
  );
  const onDevice = { dtype: "float32", shape: [1], device: "gpu", read: async () => tensor([1]), dispose: () => {} };
  expect(() => checkGuidanceInputs({ goal: onDevice as never }, types)).not.toThrow();
  expect(() => checkGuidanceInputs({ goal: tensor([Number.NaN], [1]) }, types)).toThrow(/guidance input "goal".*NaN/);
  expect(() => checkGuidanceInputs({ goal: null as never }, types)).toThrow('The guidance input "goal" is null');
});

it("checks tokens by the model's own shape", () => {
  const frames = { ...model, tokenShape: [2, 1] };
  expect(() => checkTokens("f", "frames", frames, tensor([1, 2], [1, 1, 2, 1]))).not.toThrow();
  expect(() => checkTokens("f", "frames", frames, tensor([1, 2], [1, 1, 2]))).toThrow(
    "f: got float32[1, 1, 2] for the frames; expected float32[B, T, 2, 1].",
  );
});

it("moves rows behind known tokens", () => {
  expect(afterContext([Int32Array.of(3, 2)], 2)).toEqual([Int32Array.of(0, 0, 3, 2)]);
  expect(afterContext([Int32Array.of(3, 2)], 0)).toEqual([Int32Array.of(3, 2)]);
});
