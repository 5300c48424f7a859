import { start } from "./start.js";
import { provider } from "./tfjs-provider.js";

start(provider, () => new Worker(new URL("./tfjs-worker.js", import.meta.url), { type: "module" }));
