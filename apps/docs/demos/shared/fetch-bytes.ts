import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { Download } from "./messages.js";

export interface FetchBytesOptions {
  readonly what: string;
  readonly tell: (download: Download) => void;
  readonly signal: AbortSignal;
}

/** Bytes between two reports, so that a fast network does not fill the page with messages. */
const REPORT_EVERY = 500_000;

/** Fetches a file and tells how far it is. @throws `read-failed`, `aborted` */
export async function fetchBytes(url: string, { what, tell, signal }: FetchBytesOptions): Promise<Uint8Array> {
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    if (signal.aborted) throw new DiffusionForcingError("aborted", "The download was stopped.");
    throw new DiffusionForcingError("read-failed", `${what} could not be fetched: is the network there?`, { cause });
  });
  if (!response.ok || response.body === null) {
    throw new DiffusionForcingError("read-failed", `${what} could not be fetched: the server said ${response.status}.`);
  }
  // A packed body is longer than what is announced.
  const announced = response.headers.has("content-encoding") ? 0 : Number(response.headers.get("content-length") ?? 0);
  const chunks: Uint8Array[] = [];
  let loaded = 0;
  let reported = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      if (signal.aborted) throw new DiffusionForcingError("aborted", "The download was stopped.");
      throw new DiffusionForcingError("read-failed", `${what} broke off after ${loaded} bytes.`, { cause });
    });
    if (done) break;
    chunks.push(value);
    loaded += value.length;
    if (loaded - reported >= REPORT_EVERY) {
      tell({ what, loaded, total: Math.max(announced, loaded) });
      reported = loaded;
    }
  }
  tell({ what, loaded, total: loaded });
  const bytes = new Uint8Array(loaded);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
