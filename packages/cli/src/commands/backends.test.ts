import { expect, it } from "vitest";
import { dforce } from "../testing/cli.js";

it("dforce backends lists what works here, how exact and how fast", async () => {
  const { code, stdout, stderr } = await dforce("backends", "--json");
  expect([code, stderr]).toEqual([0, ""]);
  const found = JSON.parse(stdout);
  expect(found.map(({ name, device, available }: Record<string, unknown>) => [name, device, available])).toEqual([
    ["onnx", "cpu", true],
    ["reference", "cpu", true],
  ]);
  for (const { parity, matmulMilliseconds } of found) {
    expect(parity).toBeLessThan(1e-3);
    expect(matmulMilliseconds).toBeGreaterThan(0);
  }
});
