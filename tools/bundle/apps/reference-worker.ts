import { referenceProvider } from "@diffusion-forcing/core/backend";
import { answer } from "./start.js";

answer(referenceProvider);
