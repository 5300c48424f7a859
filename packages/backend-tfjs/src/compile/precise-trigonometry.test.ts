import { tensor } from "@diffusion-forcing/core";
import { evaluateGraph, trace } from "@diffusion-forcing/core/graph";
import { expect, it } from "vitest";
import { preciseCos, preciseSin } from "./precise-trigonometry.js";

function computed(data: Float32Array): { sin: number[]; cos: number[] } {
  const x = tensor(data);
  const { sin, cos } = evaluateGraph(
    trace({ x }, (v) => ({ sin: preciseSin(v.x), cos: preciseCos(v.x) })),
    { x },
  );
  return { sin: Array.from(sin!.data), cos: Array.from(cos!.data) };
}

it("gives the sines and cosines of known angles", () => {
  const { sin, cos } = computed(Float32Array.of(0, Math.PI / 6, Math.PI / 2, Math.PI, -Math.PI / 2, 7 * Math.PI, 100));
  const close = (values: number[], expected: number[]): void => {
    values.forEach((value, i) => {
      expect(Math.abs(value - (expected[i] as number))).toBeLessThan(1e-6);
    });
  };
  // 7 pi as float32 is 1.5e-6 off; sin 100 = -0.50636564, cos 100 = 0.86231887.
  close(sin, [0, 0.5, 1, 0, -1, Math.sin(Math.fround(7 * Math.PI)), -0.50636564]);
  close(cos, [1, 0.8660254, 0, -1, 0, -1, 0.86231887]);
});

it("stays within 1e-6 of Math.sin and Math.cos as far as 10^4", () => {
  const data = Float32Array.from({ length: 8001 }, (_, i) => (i - 4000) * 2.4999);
  const { sin, cos } = computed(data);
  data.forEach((x, i) => {
    expect(Math.abs((sin[i] as number) - Math.sin(x))).toBeLessThan(1e-6);
    expect(Math.abs((cos[i] as number) - Math.cos(x))).toBeLessThan(1e-6);
  });
});

it("would not with pi in one piece", () => {
  const x = Math.fround(9999.6);
  const turns = Math.round(x / Math.PI);
  const rest = Math.fround(x - Math.fround(turns * Math.fround(Math.PI)));
  expect(Math.abs(Math.sin(rest) * (turns % 2 === 0 ? 1 : -1) - Math.sin(x))).toBeGreaterThan(1e-5);
});
