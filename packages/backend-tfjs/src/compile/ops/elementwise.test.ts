import { tensor } from "@diffusion-forcing/core";
import { readTensor } from "@diffusion-forcing/core/backend";
import { abs, mul, neg, pad, trace } from "@diffusion-forcing/core/graph";
import { describe, expect, it } from "vitest";
import { tfjsBackend } from "../../node/tfjs-backend.js";

// TensorFlow.js takes Neg on wasm and Abs in float32, products on cpu in doubles and Pad's value as float32.
describe.each(["cpu", "wasm"] as const)("int32 on %s", (engine) => {
  it("keeps all 32 bits and wraps around", async () => {
    const backend = await tfjsBackend({ engine });
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
});
