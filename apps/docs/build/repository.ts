import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryUrl = "https://github.com/diffusion-forcing/diffusion-forcing";

/** The root of the repository on this machine. */
export const repositoryFolder: string = resolve(fileURLToPath(import.meta.url), "../../../..");
