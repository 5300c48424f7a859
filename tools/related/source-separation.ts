import { writeFileSync } from "node:fs";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { createRandom, loadBundle } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import type { Estimate } from "@diffusion-forcing/tasks";
import { formatEstimate } from "@diffusion-forcing/tasks";
import { separationTask, sourcesOf, writeWav } from "@diffusion-forcing/tasks/separation";
import { markdown } from "../markdown.js";

/**
 * What beams are worth to the bundled model of waves.
 *
 * @param picture where the spectrograms of a mixture and its parts go, a PNG file.
 */
export async function sourceSeparationTable(picture?: string): Promise<string> {
  const bundle = await loadBundle(folderStore("packages/tasks/models/separation"));
  const backend = await onnxBackend({ threads: 1 });
  if (picture !== undefined) {
    const { mixture } = sourcesOf("waves", undefined, "test").draw(24, createRandom(77));
    const report = await separationTask.separating?.run(bundle, {
      backend,
      options: { mixture: { name: "mixture.wav", bytes: writeWav(mixture) } },
      seed: 0,
    });
    writeFileSync(picture, report?.files["parts.png"] as Uint8Array);
  }
  const rows: string[][] = [];
  for (const beams of [1, 4, 16]) {
    const { document } = await separationTask.evaluate(bundle, { backend, options: { pieces: 16, beams } });
    const { psnr, rightCodes } = document as { psnr: Record<string, Estimate>; rightCodes: Estimate };
    rows.push([String(beams), formatEstimate(psnr.separated as Estimate), formatEstimate(rightCodes, 100, 1, "%")]);
  }
  await backend.dispose();
  return markdown(["beams", "PSNR, dB", "codes that are the source's own"], rows);
}
