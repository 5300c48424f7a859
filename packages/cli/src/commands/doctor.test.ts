import { afterEach, expect, it, vi } from "vitest";
import { dforce, withoutRuntime } from "../testing/cli.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

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
  // Reaches the processes that open the devices.
  vi.stubEnv("NODE_OPTIONS", `--import ${withoutRuntime}`);
  const { code, stdout, stderr } = await dforce("doctor", "--backend", "onnx/cpu,reference");
  expect(stdout).toContain(`Node ${process.versions.node} on`);
  expect(stdout).toMatch(/onnx\/cpu +no\n/);
  expect(stdout).toMatch(/reference\/cpu +yes/);
  expect(stdout).toMatch(/Why not:\n {2}onnx\/cpu: .*onnxruntime-node, which is not installed/);
  expect(stdout).toMatch(/What to do:\n {2}onnx\/cpu\n {4}- .*npm install onnxruntime-node/);
  expect(stderr).toMatch(
    /^error: None of these backends works, .*npm install onnxruntime-node \[backend-unavailable\]\n$/,
  );
  expect(code).toBe(1);
});
