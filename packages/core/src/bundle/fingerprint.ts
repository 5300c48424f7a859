import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { BundleConfig } from "./bundle-config.js";
import { canonicalJson } from "./json.js";

/** SHA-256 of what a configuration says about the model and its job: all but the card and what it was trained on. */
export function fingerprint(config: BundleConfig): string {
  const { model, codec = null, task = null } = config;
  const reading = config.kind === "multi-token" ? { head: config.head } : { process: config.process };
  return bytesToHex(sha256(utf8ToBytes(canonicalJson({ ...reading, model, codec, task }))));
}
