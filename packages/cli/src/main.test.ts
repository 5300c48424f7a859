import { spawn } from "node:child_process";
import { readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mainFile, spawnDforce, temporaryFolder, trainTiny, withoutRuntime, writeRecipe } from "./testing/cli.js";

describe("the dforce executable", () => {
  it("starts from a symbolic link, as npm installs it, and exits with the command's code", async () => {
    const link = join(await temporaryFolder(), "dforce");
    await symlink(mainFile, link);
    const version = await spawnDforce(["--version"], { main: link });
    expect(version).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+/), stderr: "" });
    const wrong = await spawnDforce(["fly"], { main: link });
    expect(wrong).toEqual({ code: 2, stdout: "", stderr: expect.stringContaining("unknown command 'fly'") });
  });

  it("says how to install onnxruntime-node where it is missing", async () => {
    const model = await trainTiny({ steps: 1 });
    const node = ["--import", withoutRuntime];
    const { code, stdout, stderr } = await spawnDforce(["eval", "--model", model, "--json"], { node });
    expect(stderr).toMatch(
      /^dforce: .*onnxruntime-node, which is not installed\. Run: .*npm install onnxruntime-node/s,
    );
    expect(stderr).toMatch(/\[backend-unavailable\]\n$/);
    expect([code, stdout]).toEqual([1, ""]);
  });

  it("gives a device's reason, the alternatives and the doctor's address, and leaves nothing behind", async () => {
    const [config, folder] = [await writeRecipe(), await temporaryFolder()];
    const args = ["train", "--config", config, "--out", join(folder, "run"), "--backend", "onnx/cpu"];
    const { code, stdout, stderr } = await spawnDforce(args, { node: ["--import", withoutRuntime] });
    expect(stderr).toMatch(/^dforce: No backend works here:\n {2}onnx\/cpu: .*npm install onnxruntime-node\n/);
    expect(stderr).toMatch(/\nNot asked for, and perhaps there: .*tfjs\/wasm.*reference\/cpu/);
    expect(stderr).toContain(
      "\n`dforce doctor` says what to do about each; --backend takes another. [backend-unavailable]",
    );
    expect([code, stdout, await readdir(folder)]).toEqual([1, "", []]);
  });

  it("ends quietly when whoever reads its output has gone, as `head` does", async () => {
    const child = spawn(process.execPath, ["--import", "tsx", "--conditions=source", mainFile, "--help"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect([code, stderr]).toEqual([0, ""]);
  });
});
