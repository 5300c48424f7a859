export type { MessageEndpoint } from "./endpoint.js";
export { serveBackend } from "./serve-backend.js";
export { workerBackend } from "./worker-backend.js";
