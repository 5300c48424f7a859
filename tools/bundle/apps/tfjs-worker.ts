import { tfjsProvider } from "@diffusion-forcing/backend-tfjs";
import { answer } from "./start.js";

answer(tfjsProvider);
