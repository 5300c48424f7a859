import { tensor } from "@diffusion-forcing/core";
import { readTensor } from "@diffusion-forcing/core/backend";
import { abs, mul, neg, pad, trace } from "@diffusion-forcing/core/graph";
import { describe, expect, it } from "vitest";
import { tfjsBackend } from "../../node/tfjs-backend.js";

// TensorFlow.js takes Neg on wasm and Abs in float32, products on cpu in doubles and Pad's value as float32.
describe.each(["cpu", "wasm"] as const)("int32 on %s", (device) => {
  it("keeps all 32 bits and wraps around", async () => {
    const backend = await tfjsBackend({ device });
    const a = tensor(Int32Array.of(16_777_217, 65_537, 46_341, 123_456_789, 2_147_483_647, -2_147_483_648));
    const b = tensor(Int32Array.of(3, 65_537, 46_341, 987_654_321, 2_147_483_647, -1));
    const executable = await backend.compile(
      trace({ a, b }, (v) => ({
        product: mul(v.a, v.b),
        negative: neg(v.a),
        absolute: abs(v.b),
        padded: pad(v.a, 0, 0, 1, 16_777_219),
      })),
    );
    const outputs = await executable.run({ a, b });
    const values = async (name: string) => Array.from((await readTensor(outputs[name]!)).data);
    expect(await values("product")).toEqual([50_331_651, 131_073, -2_147_479_015, -67_153_019, 1, -2_147_483_648]);
    expect(await values("negative")).toEqual([
      -16_777_217, -65_537, -46_341, -123_456_789, -2_147_483_647, -2_147_483_648,
    ]);
    expect(await values("absolute")).toEqual([3, 65_537, 46_341, 987_654_321, 2_147_483_647, 1]);
    expect(await values("padded")).toEqual([...a.data, 16_777_219]);
    await backend.dispose();
  });

  it("keeps shapes with axes of size 1 in rules of several kernels, which broadcast what they made", async () => {
    const backend = await tfjsBackend({ device });
    const column = tensor(Int32Array.of(-1, 2, -3), [3, 1]);
    const row = tensor(Int32Array.of(65_537, -2), [1, 1, 2]);
    const executable = await backend.compile(
      trace({ column, row }, (v) => ({
        absolute: abs(v.column),
        negative: neg(v.column),
        product: mul(v.column, v.row),
        padded: pad(v.column, 0, 1, 0, 16_777_219),
      })),
    );
    const outputs = await executable.run({ column, row });
    const values = async (name: string) => {
      const { shape, data } = await readTensor(outputs[name]!);
      return [shape, Array.from(data)];
    };
    expect(await values("absolute")).toEqual([
      [3, 1],
      [1, 2, 3],
    ]);
    expect(await values("negative")).toEqual([
      [3, 1],
      [1, -2, 3],
    ]);
    expect(await values("product")).toEqual([
      [1, 3, 2],
      [-65_537, 2, 131_074, -4, -196_611, 6],
    ]);
    expect(await values("padded")).toEqual([
      [4, 1],
      [16_777_219, -1, 2, -3],
    ]);
    await backend.dispose();
  });
});
