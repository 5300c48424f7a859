import { spawn } from "node:child_process";
import { open, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readRun } from "./files/run-folder.js";
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

  it("runs from the sources as npm links it in a checkout, before any build", async () => {
    const bin = fileURLToPath(new URL("../bin/dforce.js", import.meta.url));
    const child = spawn(process.execPath, [bin, "inspect", "umaze"], { stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text) => {
      stdout += text;
    });
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("maze2d-umaze");
  });

  it("runs in WebAssembly where onnxruntime-node is missing, and says what would be faster and how", async () => {
    const model = await trainTiny({ steps: 1 });
    const node = ["--import", withoutRuntime];
    const { code, stdout, stderr } = await spawnDforce(["eval", "--model", model, "--episodes", "2", "--json"], {
      node,
    });
    expect(stderr).toMatch(/onnxruntime-node, which is not installed\. Run: .*npm install onnxruntime-node/);
    expect(stderr).toContain("running on onnx/wasm");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ episodes: 2 });
  });

  it("gives a device's reason, the alternatives and the doctor's address, and leaves nothing behind", async () => {
    const [config, folder] = [await writeRecipe(), await temporaryFolder()];
    const args = ["train", "--config", config, "--out", join(folder, "run"), "--backend", "onnx/cpu"];
    const { code, stdout, stderr } = await spawnDforce(args, { node: ["--import", withoutRuntime] });
    expect(stderr).toMatch(/^error: No backend works here:\n {2}onnx\/cpu: .*npm install onnxruntime-node\n/);
    expect(stderr).toMatch(/\nNot asked for, and perhaps there: .*tfjs\/wasm.*reference\/cpu/);
    expect(stderr).toMatch(
      /\n`.* doctor` says what to do about each; --backend takes another\. \[backend-unavailable\]/,
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

  it.skipIf(process.platform !== "linux")(
    "says in a line that its results cannot be written, on a full disk",
    async () => {
      const full = await open("/dev/full", "w");
      const child = spawn(process.execPath, ["--import", "tsx", "--conditions=source", mainFile, "inspect", "umaze"], {
        stdio: ["ignore", full.fd, "pipe"],
      });
      let stderr = "";
      child.stderr?.on("data", (text) => {
        stderr += text;
      });
      const code = await new Promise((resolve) => child.on("close", resolve));
      await full.close();
      expect(stderr).toMatch(/^error: stdout cannot be written to: ENOSPC.*\[write-failed\]\n$/);
      expect(code).toBe(1);
    },
  );
});

describe("a training whose listeners have gone", () => {
  it.skipIf(process.platform === "win32")(
    "goes on to its end and saves: its stderr was closed as by `2>&1 | head -1`",
    async () => {
      const out = join(await temporaryFolder(), "run");
      const args = ["train", "--config", await writeRecipe({ steps: 20 }), "--out", out, "--threads", "1"];
      const child = spawn(process.execPath, ["--import", "tsx", "--conditions=source", mainFile, ...args], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      child.stdout.destroy();
      child.stderr.once("data", () => child.stderr.destroy());
      const code = await new Promise((resolve) => child.on("close", resolve));
      expect(code).toBe(0);
      expect(JSON.parse(await readFile(join(out, "summary.json"), "utf8")).steps).toBe(20);
      expect((await readRun(out)).state?.step).toBe(20);
    },
  );
});
