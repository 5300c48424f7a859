import { readFile } from "node:fs/promises";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { diffusionForcing, loadBundle } from "@diffusion-forcing/core";
import { filesStore } from "@diffusion-forcing/core/bundle";
import { describe, expect, it } from "vitest";
import { siteInBrowser } from "./site-in-browser.js";
import { LONGEST_TASK } from "./visitor.js";

const site = siteInBrowser();

describe("training in the tab", () => {
  // Weights that do not move leave the ratio of losses above 0.9. A GPU in software is slow: there, 24 steps have to do.
  it.each([
    { device: "wasm", status: "Trained", least: 450, ends: 15, ratio: 0.6 },
    { device: "webgpu", status: /Step (2[4-9]|[3-9]\d|\d{3}) of/, least: 24, ends: 6, ratio: 0.75 },
  ])("the loss falls on $device", async ({ device, status, least, ends, ratio }) => {
    await site().visiting(`demos/train.html?device=${device}&steps=450&width=16`, async (visit) => {
      const longest = await visit.longestTask(() => visit.run("Train", status));
      expect([await visit.device(), visit.errors]).toEqual([device, []]);
      expect(longest).toBeLessThan(LONGEST_TASK);
      const losses = (await visit.events("loss")).flatMap((event) => event.losses as number[]);
      const mean = (values: number[]): number => values.reduce((total, value) => total + value, 0) / values.length;
      expect(losses.length).toBeGreaterThanOrEqual(least);
      expect(mean(losses.slice(-ends))).toBeLessThan(ratio * mean(losses.slice(0, ends)));
      if (device === "wasm") await visit.picture("train");
    });
  });

  it("goes on after a reload, bit for bit, and gives a bundle and an ONNX file", async () => {
    const path = "demos/train.html?device=wasm&steps=300&width=16";
    const whole = await site().visiting(path, async (visit) => {
      await visit.run("Train", "Trained");
      return (await visit.events("loss")).flatMap((event) => event.losses as number[]);
    });
    await site().visiting(path, async (visit) => {
      const { page } = visit;
      await page.getByRole("button", { name: "Train", exact: true }).click();
      await visit.says(/Step (?!0)\d+ of/);
      await page.getByRole("button", { name: "Stop" }).click();
      await visit.says("Paused");
      await page.reload();
      await visit.run("Go on from step", "Trained");
      const rest = (await visit.events("loss")).flatMap((event) => event.losses as number[]);
      expect(rest.length).toBeLessThan(300);
      expect(rest).toEqual(whole.slice(-rest.length));

      const files: Record<string, Uint8Array> = {};
      const keep = async (button: string, count: number): Promise<void> => {
        const downloads: Promise<void>[] = [];
        page.on("download", (download) => {
          downloads.push(
            download.path().then(async (file) => {
              files[download.suggestedFilename()] = new Uint8Array(await readFile(file));
            }),
          );
        });
        await page.getByRole("button", { name: button }).click();
        await expect.poll(() => downloads.length).toBe(count);
        await Promise.all(downloads);
        page.removeAllListeners("download");
      };
      await keep("Save the bundle", 2);
      await keep("Save as ONNX", 1);
      const { diffusion, parameters } = await loadBundle(filesStore(files));
      const backend = await onnxBackend({ threads: 1 });
      const sampler = diffusionForcing({ model: diffusion.model, process: diffusion.process }).sampler({
        backend,
        parameters,
        timesteps: 5,
      });
      expect((await sampler.sample({ length: 16, seed: 1 })).shape).toEqual([1, 16, 1]);
      await sampler.dispose();
      await backend.dispose();
      const { InferenceSession, Tensor } = await import("onnxruntime-node");
      const session = await InferenceSession.create(files["sampling-step.onnx"] as Uint8Array);
      const levels = Int32Array.from({ length: 32 }, (_, i) => (i < 16 ? 100 : 50));
      const outputs = await session.run({
        x: new Tensor("float32", new Float32Array(16).fill(0.5), [1, 16, 1]),
        levels: new Tensor("int32", levels, [2, 1, 16]),
      });
      expect(Array.from(outputs["x.next"]?.data as Float32Array).every(Number.isFinite)).toBe(true);
      expect(visit.errors).toEqual([]);
    });
  });
});
