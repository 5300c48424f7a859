import { referenceProvider } from "@diffusion-forcing/core";
import { answer } from "./start.js";

answer(referenceProvider);
