import { expect, it } from "vitest";
import { dforce } from "../testing/cli.js";

it("dforce doctor exits with 0 where a backend works", async () => {
  const { code, stdout, stderr } = await dforce("doctor", "--backend", "onnx/cpu", "--json");
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toMatchObject({
    environment: { node: process.versions.node, platform: process.platform },
    works: true,
    backends: [{ name: "onnx", device: "cpu", available: true, advice: [] }],
  });
});

it("dforce doctor exits with 1 where none works, and says what to do", async () => {
  const { code, stdout, stderr } = await dforce("doctor", "--backend", "onnx/cuda,reference");
  expect(stdout).toContain(`Node ${process.versions.node} on`);
  expect(stdout).toMatch(/onnx\/cuda +no\n/);
  expect(stdout).toMatch(/Why not:\n {2}onnx\/cuda: .+/);
  expect(stdout).toMatch(/What to do:\n {2}onnx\/cuda\n {4}- .+/);
  expect(stderr).toMatch(
    /^dforce: None of these backends works, .*npm install onnxruntime-node \[backend-unavailable\]\n$/,
  );
  expect(code).toBe(1);
});
