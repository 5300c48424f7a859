import { answer } from "./start.js";
import { provider } from "./tfjs-provider.js";

answer(provider);
