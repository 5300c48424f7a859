import { type Bundle, loadBundle } from "@diffusion-forcing/core";
import { filesStore } from "@diffusion-forcing/core/bundle";
import { type FetchBytesOptions, fetchBytes } from "./fetch-bytes";

/** Fetches one of the site's bundles and tells how far it is. @throws what `fetchBytes` and `loadBundle` throw */
export async function fetchBundle(folder: string, options: FetchBytesOptions): Promise<Bundle> {
  const files: Record<string, Uint8Array> = {};
  for (const file of ["config.json", "model.safetensors"]) files[file] = await fetchBytes(`${folder}/${file}`, options);
  return await loadBundle(filesStore(files), { signal: options.signal });
}
