import { expect, it } from "vitest";
import { dforce } from "../testing/cli.js";

it("dforce backends lists what works here, how exact and how fast", async () => {
  const { code, stdout, stderr } = await dforce("backends", "--backend", "onnx/cpu,reference", "--json");
  expect([code, stderr]).toEqual([0, ""]);
  const found = JSON.parse(stdout);
  expect(found.map(({ name, device, available }: Record<string, unknown>) => [name, device, available])).toEqual([
    ["onnx", "cpu", true],
    ["reference", "cpu", true],
  ]);
  for (const { parity, matmulMilliseconds, trainingStepMilliseconds } of found) {
    expect(parity).toBeLessThan(1e-4);
    expect(matmulMilliseconds).toBeGreaterThan(0);
    expect(trainingStepMilliseconds).toBeGreaterThan(0);
  }
});

it("dforce backends prints a table", async () => {
  const { code, stdout } = await dforce("backends", "--backend", "onnx/cpu");
  expect(stdout).toMatch(/^ {2}backend\/device .*parity.*matmul 256.*training step\n {2}onnx\/cpu +yes .* ms .* ms\n/);
  expect(code).toBe(0);
});
