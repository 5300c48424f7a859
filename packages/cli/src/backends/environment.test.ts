import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { temporaryFolder } from "../testing/cli.js";
import { readEnvironment } from "./environment.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

it("reads GPUs, libraries and drivers from where the system keeps them", async () => {
  const folder = await temporaryFolder();
  const program = join(folder, "nvidia-smi");
  await writeFile(program, '#!/bin/sh\necho "NVIDIA H100, 550.54"\necho "NVIDIA H100, 550.54"\n');
  await chmod(program, 0o755);
  await writeFile(join(folder, "libcudnn.so.9"), "");
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
  vi.stubEnv("LD_LIBRARY_PATH", folder);
  vi.stubEnv("VK_DRIVER_FILES", "/opt/a.json:/opt/b.json");
  const environment = await readEnvironment();
  expect(environment).toMatchObject({
    platform: process.platform,
    arch: process.arch,
    node: process.versions.node,
    nvidia: ["NVIDIA H100, 550.54", "NVIDIA H100, 550.54"],
    libraries: expect.arrayContaining(["libcudnn.so.9"]),
    vulkanDrivers: ["/opt/a.json", "/opt/b.json"],
  });
});

it("takes an nvidia-smi that fails for no GPU", async () => {
  const folder = await temporaryFolder();
  const program = join(folder, "nvidia-smi");
  await writeFile(program, '#!/bin/sh\necho "NVIDIA-SMI has failed"\nexit 9\n');
  await chmod(program, 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
  expect((await readEnvironment()).nvidia).toEqual([]);
});
