import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";

const program = fileURLToPath(new URL("./main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "test-gpu-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the script with an nvidia-smi that is a shell script of one line. */
function testGpu(nvidiaSmi: string): { status: number | null; stdout: string; stderr: string } {
  const fake = join(folder, "nvidia-smi");
  writeFileSync(fake, `#!/bin/sh\n${nvidiaSmi}\n`);
  chmodSync(fake, 0o755);
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "--conditions=source", program], {
    encoding: "utf8",
    env: {
      ...process.env,
      PATH: `${folder}${delimiter}${process.env.PATH}`,
      VK_DRIVER_FILES: "/nowhere/nvidia_icd.json",
    },
  });
  return { status, stdout, stderr };
}

it("fails with an explanation where there is no NVIDIA GPU", () => {
  const { status, stdout, stderr } = testGpu("exit 9");
  expect(stderr).toContain("No NVIDIA GPU answers nvidia-smi, so there is nothing to test here.");
  expect([status, stdout]).toEqual([1, ""]);
});

it("fails loudly for what a GPU lacks", () => {
  const { status, stdout } = testGpu('echo "NVIDIA Imaginary, 1.0"');
  expect(stdout).toContain("NVIDIA: NVIDIA Imaginary, 1.0");
  expect(stdout).toMatch(/MISSING {2}onnx\/webgpu +\S/);
  expect(status).toBe(1);
});
