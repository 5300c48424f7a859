import { fileURLToPath } from "node:url";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { type Backend, createRandom, type HostTensor, loadBundle } from "@diffusion-forcing/core";
import { meanSquaredError } from "@diffusion-forcing/core/metrics";
import { folderStore } from "@diffusion-forcing/core/node";
import { checkLaw } from "@diffusion-forcing/core/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { framesBetween, imagine, inOrder, usualSettings } from "../imagine.js";
import { openWorld } from "../open-world.js";
import { videoRecordOf } from "../record.js";

const folder = fileURLToPath(new URL("../../../models/maze-world", import.meta.url));
const [batch, length] = [24, 3];

describe("the bundled model of the maze", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await onnxBackend({ threads: 1 });
  });
  afterAll(() => backend.dispose());

  it("imagines what is seen after an action, not after another one", async ({ task }) => {
    const bundle = await loadBundle(folderStore(folder));
    const record = videoRecordOf(bundle);
    const world = openWorld(record.world);
    const real = await world.videos({ batch, length: world.context + length }, createRandom(7), "held");
    const truth = framesBetween(real.frames, world.context, world.context + length);
    const last = framesBetween(real.frames, world.context - 1, world.context);
    const still = meanSquaredError(inOrder(Array.from({ length }, () => last)), truth);
    /** Squared error by actions, relative to that of a picture that stands still. */
    const error = async (condition: HostTensor): Promise<number> => {
      const frames: HostTensor[] = [];
      const dreamt = imagine(bundle, {
        ...usualSettings(bundle, record),
        backend,
        batch,
        length,
        context: framesBetween(real.frames, 0, world.context),
        condition: (first, count) => framesBetween(condition, first, first + count),
        random: createRandom(8),
      });
      for await (const frame of dreamt) frames.push(frame);
      return meanSquaredError(inOrder(frames), truth) / still;
    };
    const told = real.condition as HostTensor<"float32">;
    // Left for right, and the other way round.
    const swapped = { ...told, data: told.data.map((_, i) => told.data[i - (i % 3) + [0, 2, 1][i % 3]!] as number) };
    checkLaw(task, {
      law: "The bundled model of the maze world imagines what its simulator shows after the actions it is told",
      statistic: "squared error of three frames, relative to that of the last given frame standing still",
      found: await error(told),
      within: [0, 0.8],
      broken: { "left told as right": await error(swapped) },
    });
  });
});
