import { tensor } from "@diffusion-forcing/core";
import { readTensor } from "@diffusion-forcing/core/backend";
import * as ops from "@diffusion-forcing/core/graph";
import { trace } from "@diffusion-forcing/core/graph";
import { afterAll, expect, it } from "vitest";
import { tfjsBackend } from "../../node/tfjs-backend.js";

// float32 holds 16777216 = 2^24 and 16777218, and nothing between them.
const x = tensor(Int32Array.of(16_777_217, -16_777_217, 2_147_483_647, -2_147_483_648, 16_777_219, 7), [2, 3]);
const y = tensor(Int32Array.of(16_777_216, 1, 16_777_218), [3]);

const backend = tfjsBackend({ device: "webgpu" });
afterAll(async () => (await backend).dispose());

async function computed(fn: (x: ops.Value, y: ops.Value) => ops.Value): Promise<number[]> {
  const executable = await (await backend).compile(trace({ x, y }, (v) => ({ z: fn(v.x, v.y) })));
  const { z } = await executable.run({ x, y });
  return Array.from((await readTensor(z!)).data);
}

it("computes in 32 bits, which wrap around", async () => {
  expect(await computed(ops.add)).toEqual([
    33_554_433, -16_777_216, -2_130_706_431, -2_130_706_432, 16_777_220, 16_777_225,
  ]);
  expect(await computed((a, b) => ops.mul(a, b))).toEqual([
    16_777_216, -16_777_217, -16_777_218, 0, 16_777_219, 117_440_526,
  ]);
  expect(await computed((a) => ops.neg(a))).toEqual([
    -16_777_217, 16_777_217, -2_147_483_647, -2_147_483_648, -16_777_219, -7,
  ]);
  expect(await computed((a) => ops.sum(a, 0))).toEqual([-2_130_706_431, 2, -2_147_483_642]);
  expect(await computed((a) => ops.max(a, 1))).toEqual([2_147_483_647, 16_777_219]);
});

it("compares without rounding", async () => {
  expect(await computed(ops.equal)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(await computed((_, b) => ops.less(b, ops.add(b, 1)))).toEqual([1, 1, 1]);
});

it("moves all 32 bits", async () => {
  const [a, b, c, d, e, f] = x.data as unknown as [number, number, number, number, number, number];
  expect(await computed((v) => ops.transpose(v, [1, 0]))).toEqual([a, d, b, e, c, f]);
  expect(await computed((v) => ops.slice(v, 1, 0, 3, 2))).toEqual([a, c, d, f]);
  expect(await computed((v) => ops.pad(v, 1, 1, 0, 16_777_221))).toEqual([16_777_221, a, b, c, 16_777_221, d, e, f]);
  expect(await computed((v) => ops.concat([v, ops.slice(v, 1, 2, 3), v], 1))).toEqual([
    a,
    b,
    c,
    c,
    a,
    b,
    c,
    d,
    e,
    f,
    f,
    d,
    e,
    f,
  ]);
  expect(await computed((_, v) => ops.broadcastTo(v, [2, 3]))).toEqual([...y.data, ...y.data]);
  expect(await computed((v) => ops.gather(v, ops.constant(tensor(Int32Array.of(1, 0, 1)))))).toEqual([
    d,
    e,
    f,
    a,
    b,
    c,
    d,
    e,
    f,
  ]);
});
