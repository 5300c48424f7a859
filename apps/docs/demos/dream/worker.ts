import { type Backend, type Bundle, DiffusionForcingError, type HostTensor } from "@diffusion-forcing/core";
import { type Dream, openDream } from "@diffusion-forcing/tasks/video";
import { fetchBundle } from "../shared/load-bundle";
import { openBackend } from "../shared/open-backend";
import { type JobContext, serveJobs } from "../shared/worker-side";
import { type DreamJobs, type Side, sides } from "./protocol";

let backend: Backend | undefined;
let models = "";
let bundle: Bundle | undefined;
let action: string | undefined;

/** A frame [3, H, W] from -1 to 1 as RGBA. */
function pixelsOf({ shape, data }: HostTensor): { size: [number, number]; pixels: Uint8ClampedArray<ArrayBuffer> } {
  const [, height, width] = shape as [number, number, number];
  const area = width * height;
  const pixels = new Uint8ClampedArray(4 * area).fill(255);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < area; i++) pixels[4 * i + channel] = 127.5 * ((data[channel * area + i] as number) + 1);
  }
  return { size: [width, height], pixels };
}

async function dream(
  { seed, steps, both }: DreamJobs["dream"]["request"],
  { tell, signal }: JobContext<DreamJobs["dream"]["event"]>,
): Promise<null> {
  if (backend === undefined) throw new DiffusionForcingError("disposed", "No device is open.");
  bundle ??= await fetchBundle(`${models}maze-world`, {
    what: "the maze world's model",
    signal,
    tell: (download) => tell({ kind: "download", ...download }),
  });
  const dreams: [Side, Dream][] = [];
  const show = (side: Side, count: number, frame: HostTensor): void =>
    tell({ kind: "frame", side, count, ...pixelsOf(frame) });
  try {
    for (const side of both ? sides : sides.slice(0, 1)) {
      const settings = side === "plain" ? { steps, stabilization: 0 } : { steps };
      const opened = await openDream(bundle, { backend, seed, signal, ...settings });
      dreams.push([side, opened]);
      show(side, 0, opened.frame);
    }
    for (let count = 1; ; count++) {
      const now = action;
      for (const [side, one] of dreams) show(side, count, await one.next(now));
    }
  } finally {
    for (const [, one] of dreams) await one.dispose();
  }
}

serveJobs<DreamJobs>({
  open: async ({ device, models: folder }, { tell, signal }) => {
    models = folder;
    await backend?.dispose();
    const { backend: found, opened } = await openBackend(device, tell, signal);
    backend = found;
    return opened;
  },
  dream,
  act: async ({ action: next }) => {
    action = next;
    return null;
  },
});
