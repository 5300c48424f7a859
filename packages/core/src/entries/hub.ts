/** Bundles in repositories of the Hugging Face hub; needs the optional peer `@huggingface/hub`. */
export { type HubClient, type HubSourceOptions, hubSource } from "../hub/hub-source.js";
