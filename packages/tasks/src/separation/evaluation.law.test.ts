import { resolve } from "node:path";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { loadBundle } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import { checkLaw } from "@diffusion-forcing/core/testing";
import { expect, it } from "vitest";
import type { Estimate } from "../task.js";
import { separationTask } from "./task.js";

it("separates sums of generated waves, where consistency with the mixture does not", async ({ task }) => {
  const bundle = await loadBundle(folderStore(resolve(import.meta.dirname, "../../models/separation")));
  const backend = await onnxBackend({ threads: 1 });
  const options = { pieces: 4, beams: 8, seed: 7 };
  const { document } = await separationTask.evaluate(bundle, { backend, options });
  await backend.dispose();
  const psnr = document.psnr as Readonly<Record<string, Estimate>>;
  const gain = (method: string): number => (psnr[method]?.value ?? 0) - (psnr.random?.value ?? 0);
  checkLaw(task, {
    law: "Beam search with learned priors is nearer to the waves in a sum than a random pair of codes consistent with it",
    statistic: "gain of PSNR over the random pair, dB, mean of 4 mixtures",
    found: gain("separated"),
    within: [5, 25],
    broken: { "the mixture's codes without priors": gain("likelihood"), "half of the mixture": gain("half") },
  });
  expect(document.unheardFrames).toBe(0);
}, 60_000);
