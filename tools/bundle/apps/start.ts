/// <reference lib="dom" />
import type { BackendProvider } from "@diffusion-forcing/core/backend";
import { describe, report } from "../../browser/apps/report.js";
import { type Exercise, exercise } from "./exercise.js";

type Answer = { readonly value: Exercise } | { readonly error: string };

/** In a page: exercises the device that the address asks for, `?device=wasm`, here or, with `&worker`, in a worker. */
export function start(provider: BackendProvider, makeWorker: () => Worker): void {
  const query = new URLSearchParams(location.search);
  const device = query.get("device") ?? "";
  report(() => (query.has("worker") ? askWorker(makeWorker(), device) : exercise(provider, device)));
}

function askWorker(worker: Worker, device: string): Promise<Exercise> {
  return new Promise((resolve, reject) => {
    worker.onerror = ({ message }) => reject(new Error(`The worker failed: ${message}`));
    worker.onmessage = ({ data }: MessageEvent<Answer>) =>
      "value" in data ? resolve(data.value) : reject(new Error(data.error));
    worker.postMessage(device);
  });
}

/** In a worker: exercises each device that it is sent. */
export function answer(provider: BackendProvider): void {
  addEventListener("message", async ({ data: device }: MessageEvent<string>) => {
    const outcome: Promise<Answer> = exercise(provider, device).then(
      (value) => ({ value }),
      (error) => ({ error: describe(error) }),
    );
    postMessage(await outcome);
  });
}
