import * as v from "valibot";
import { type BundleSource, checkFileName, checkFileSize, readFailed } from "../bundle/sources/source.js";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError, isDiffusionForcingError, throwIfAborted } from "../engine/errors.js";

/** What is used of the package `@huggingface/hub`. */
export interface HubClient {
  downloadFile(file: {
    readonly repo: { readonly type: "model"; readonly name: string };
    readonly path: string;
    readonly revision: string;
    readonly accessToken?: string;
  }): Promise<{ readonly size: number; arrayBuffer(): Promise<ArrayBuffer> } | null>;
}

export interface HubSourceOptions {
  /** A branch, a tag or, to get the same bytes for ever, a commit. Default "main". */
  readonly revision?: string;
  /** For private repositories. */
  readonly accessToken?: string;
  /** Default: the package `@huggingface/hub`, imported when the first file is read. */
  readonly client?: () => Promise<HubClient>;
}

const optionsSchema = v.strictObject({
  revision: v.optional(v.string("a branch, a tag or a commit")),
  accessToken: v.optional(v.string("a string")),
  client: v.optional(schemas.function()),
});

/**
 * A bundle in a repository of the Hugging Face hub, by the optional peer `@huggingface/hub`.
 *
 * @param repository "owner/name".
 * @throws `invalid-argument`; on reading, `missing-dependency` where the peer is not installed, `read-failed`.
 */
export function hubSource(repository: string, options: HubSourceOptions = {}): BundleSource {
  check("hubSource", optionsSchema, options);
  const { revision = "main", accessToken, client = importClient } = options;
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `hubSource: the repository is ${JSON.stringify(String(repository).slice(0, 100))}; expected "owner/name".`,
    );
  }
  const name = `hub:${repository}@${revision}`;
  return {
    name,
    async read(file, limits) {
      checkFileName(file);
      throwIfAborted(limits.signal);
      const { downloadFile } = await client();
      try {
        const blob = await downloadFile({
          repo: { type: "model", name: repository },
          path: file,
          revision,
          ...(accessToken === undefined ? {} : { accessToken }),
        });
        if (blob === null) return undefined;
        // A file of the hub comes lazily: its size is known before its bytes are.
        checkFileSize(file, blob.size, limits);
        return new Uint8Array(await blob.arrayBuffer());
      } catch (cause) {
        throw isDiffusionForcingError(cause) ? cause : readFailed(`${file} of ${name}`, cause);
      }
    },
  };
}

async function importClient(): Promise<HubClient> {
  try {
    return await import("@huggingface/hub");
  } catch (cause) {
    throw new DiffusionForcingError(
      "missing-dependency",
      "Repositories of the hub are read by the package @huggingface/hub, which is not installed: npm install @huggingface/hub",
      { cause },
    );
  }
}
