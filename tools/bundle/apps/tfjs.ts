import { tfjsProvider } from "@diffusion-forcing/backend-tfjs";
import { start } from "./start.js";

start(tfjsProvider, () => new Worker(new URL("./tfjs-worker.js", import.meta.url), { type: "module" }));
