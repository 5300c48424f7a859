export type { RecurrentConfig, RecurrentOptions } from "./config.js";
export { recurrent } from "./recurrent.js";
