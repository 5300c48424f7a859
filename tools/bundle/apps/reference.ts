import { referenceProvider } from "@diffusion-forcing/core/backend";
import { start } from "./start.js";

start(referenceProvider, () => new Worker(new URL("./reference-worker.js", import.meta.url), { type: "module" }));
