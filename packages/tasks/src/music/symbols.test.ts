import { tensor } from "@diffusion-forcing/core";
import { expect, it } from "vitest";
import { choralesOf, roomToTranspose, symbolsOf, transposed } from "./symbols.js";

const chorale = { pitches: Int8Array.of(67, 64, -1, 48, 81, 64, 60, 36), length: 2 };

it("writes silence as 0 and the lowest pitch as 1, and back", () => {
  const symbols = symbolsOf([chorale]);
  expect(symbols).toEqual(tensor(Int32Array.of(32, 29, 0, 13, 46, 29, 25, 1), [1, 2, 4]));
  expect(choralesOf(symbols)).toEqual([chorale]);
});

it("moves all voices, but for silence, as far as choirs sing", () => {
  expect(roomToTranspose(chorale)).toEqual([0, 0]);
  const middle = { pitches: Int8Array.of(79, -1, 60, 38), length: 1 };
  expect(roomToTranspose(middle)).toEqual([-2, 2]);
  expect(transposed(middle, 2).pitches).toEqual(Int8Array.of(81, -1, 62, 40));
  expect(roomToTranspose({ pitches: new Int8Array(4).fill(-1), length: 1 })).toEqual([0, 0]);
});
