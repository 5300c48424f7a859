import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { type Codec, type HostTensor, type TrainingState, tensor } from "@diffusion-forcing/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fruitDemonstrations } from "./demonstrations.js";
import { learnImageCodec } from "./image-codec.js";
import { images } from "./view.js";

const recipe = { latentFeatures: 6, codecWidth: 32, klWeight: 0.3, codecSteps: 250, codecLearningRate: 4e-3 };
const demonstrations = Array.from({ length: 8 }, (_, i) => fruitDemonstrations(1, i, images));
const numbers = 3 + images.size;
const saved: TrainingState[] = [];
const notes: string[] = [];
let backend: Awaited<ReturnType<typeof onnxBackend>>;
let codec: Codec;

beforeAll(async () => {
  backend = await onnxBackend({ threads: 1 });
  codec = await learnImageCodec(demonstrations, recipe, {
    backend,
    codecState: { load: async () => undefined, save: async (state) => void saved.push(state) },
    onProgress: (_done, _total, note) => notes.push(note ?? ""),
  });
});
afterAll(() => backend.dispose());

const squares = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from({ length: a.length }, (_, i) => ((a[i] as number) - (b[i] as number)) ** 2).reduce((x, y) => x + y, 0);
const imageOf = ({ data }: HostTensor, t: number) => Array.from(data.subarray(t * numbers + 3, (t + 1) * numbers));

describe("learnImageCodec", () => {
  it("makes a few numbers of an image, of mean 0 and deviation 1", async () => {
    const tokens = await Promise.all(demonstrations.map((one) => codec.encode(one)));
    expect(tokens[0]?.shape).toEqual([1, 26, 9]);
    for (const feature of [0, 2, 3, 8]) {
      const values = tokens.flatMap(({ data }) =>
        Array.from({ length: 26 }, (_, t) => data[t * 9 + feature] as number),
      );
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(mean).toBeCloseTo(0, 3);
      expect(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length).toBeCloseTo(1, 2);
    }
  });

  it("keeps the action, and most of an image that it never saw", async () => {
    const fresh = fruitDemonstrations(1, 100, images);
    const back = await codec.decode(await codec.encode(fresh));
    expect(back.shape).toEqual([1, 26, numbers]);
    const action = (from: HostTensor): number[] => Array.from(from.data.subarray(9 * numbers, 9 * numbers + 3));
    expect(action(back)).toEqual(action(fresh).map((value) => expect.closeTo(value, 5)));
    const still = imageOf(demonstrations[0] as HostTensor, 0);
    const times = [3, 9, 15, 21];
    const lost = times.reduce((sum, t) => sum + squares(imageOf(back, t), imageOf(fresh, t)), 0);
    const apart = times.reduce((sum, t) => sum + squares(still, imageOf(fresh, t)), 0);
    expect(lost).toBeLessThan(0.5 * apart);
  });

  it("keeps its training as it goes, and says how far it is", () => {
    expect(saved).not.toHaveLength(0);
    expect(notes).toHaveLength(250);
    expect(notes.at(-1)).toMatch(/^codec, loss \d/);
  });

  it("is stored with its weights, behind the action that passes as it is", async () => {
    expect(codec.config).toMatchObject({
      kind: "chain",
      codecs: [{ kind: "kept", kept: 3 }, { kind: "normalization" }],
    });
    expect(Object.keys(codec.parameters ?? {})).toContain("0/encoder.output.weight");
    expect(() => codec.tokenShape([3])).toThrow("more than the 3 numbers");
    await expect(codec.encode(tensor([1, 2], [1, 1, 2]))).rejects.toThrow("more than the 3 numbers");
  });
});
