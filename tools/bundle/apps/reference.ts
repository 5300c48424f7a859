import { referenceProvider } from "./reference-provider.js";
import { start } from "./start.js";

start(referenceProvider, () => new Worker(new URL("./reference-worker.js", import.meta.url), { type: "module" }));
