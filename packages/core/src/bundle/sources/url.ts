import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import { DiffusionForcingError, isDiffusionForcingError, throwIfAborted } from "../../engine/errors.js";
import { unlessAborted } from "../../engine/unless-aborted.js";
import { type BundleSource, checkFileName, checkFileSize, type ReadOptions, readFailed } from "./source.js";

export interface UrlSourceOptions {
  /** Sent with every request, such as an authorization. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: the global one. */
  readonly fetch?: (url: string, init: { headers: Record<string, string>; signal?: AbortSignal }) => Promise<Response>;
}

const optionsSchema = v.strictObject({
  headers: v.optional(v.record(v.string(), v.string("a string"), "an object of strings")),
  fetch: v.optional(schemas.function()),
});

/**
 * A bundle at an address: its files lie right below `base`.
 *
 * @param base an absolute address, `https://example.org/models/umaze`; in a page also one relative to the page.
 * @throws `invalid-argument`
 */
export function urlSource(base: string | URL, options: UrlSourceOptions = {}): BundleSource {
  check("urlSource", optionsSchema, options);
  const { headers = {}, fetch = (url, init) => globalThis.fetch(url, init) } = options;
  const folder = String(base).replace(/\/+$/, "");
  return {
    name: folder,
    async read(file, limits) {
      checkFileName(file);
      const url = `${folder}/${file}`;
      throwIfAborted(limits.signal);
      try {
        const asked = fetch(url, { headers: { ...headers }, ...(limits.signal ? { signal: limits.signal } : {}) });
        const response = await unlessAborted(asked, limits.signal);
        if (response.status === 404) return undefined;
        if (!response.ok) {
          throw new DiffusionForcingError("read-failed", `${url} answers ${response.status} ${response.statusText}.`);
        }
        return await readBody(file, response, limits);
      } catch (cause) {
        throwIfAborted(limits.signal);
        throw isDiffusionForcingError(cause) ? cause : readFailed(url, cause);
      }
    },
  };
}

/** The body, no further than the limit: a length that is announced may be wrong, or that of a packed body. */
async function readBody(file: string, response: Response, limits: ReadOptions): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array(0);
  const announced = Number(response.headers.get("content-length") ?? 0);
  if (announced > limits.maxBytes) {
    await response.body.cancel();
    checkFileSize(file, announced, limits);
  }
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    if (bytes > limits.maxBytes) {
      await reader.cancel();
      checkFileSize(file, bytes, limits);
    }
    chunks.push(value);
  }
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
