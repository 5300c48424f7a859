import type { TrainingState } from "@diffusion-forcing/core";
import { decodeTrainingState, directoryStore, encodeTrainingState } from "@diffusion-forcing/core/bundle";
import { curveTokens, type RunSettings, sources } from "./protocol";

/** Where a run is kept between visits: the origin's private file system. */
const folder = "diffusion-forcing-training";
const files = { settings: "run.json", state: "state.safetensors" } as const;

/** Of a state; a damaged file that claims more is not read. */
const MOST_BYTES = 50_000_000;

async function store() {
  const root = await navigator.storage.getDirectory();
  return directoryStore(await root.getDirectoryHandle(folder, { create: true }));
}

export interface KeptRun {
  readonly settings: RunSettings;
  readonly step: number;
}

/** Writes the run. @throws where storage is blocked or full */
export async function keepRun(settings: RunSettings, state: TrainingState): Promise<void> {
  const kept: KeptRun = { settings, step: state.step };
  await (await store()).write({
    [files.state]: encodeTrainingState(state),
    [files.settings]: new TextEncoder().encode(JSON.stringify(kept)),
  });
}

/** What is kept, without its state; undefined if nothing is, or nothing that can be gone on with. */
export async function findRun(): Promise<KeptRun | undefined> {
  try {
    const bytes = await (await store()).read(files.settings, { maxBytes: 1_000_000 });
    if (bytes === undefined) return undefined;
    const { settings, step } = JSON.parse(new TextDecoder().decode(bytes)) as KeptRun;
    const isCurve = (curve: unknown): boolean =>
      Array.isArray(curve) && curve.length === curveTokens && curve.every(Number.isFinite);
    const isWhole = [settings.steps, settings.width, settings.seed, step].every(Number.isSafeInteger);
    const isRun = isWhole && sources.includes(settings.source) && settings.drawn.every(isCurve);
    return isRun && settings.learningRate > 0 ? { settings, step } : undefined;
  } catch {
    return undefined;
  }
}

/** The state of what is kept. @throws `corrupt-file` */
export async function readState(): Promise<TrainingState | undefined> {
  const bytes = await (await store()).read(files.state, { maxBytes: MOST_BYTES });
  return bytes === undefined ? undefined : decodeTrainingState(bytes);
}

export async function forgetRun(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(folder, { recursive: true }).catch(() => {});
}
