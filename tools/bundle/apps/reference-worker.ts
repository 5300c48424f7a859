import { referenceProvider } from "./reference-provider.js";
import { answer } from "./start.js";

answer(referenceProvider);
