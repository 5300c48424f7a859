export { type Probe, probeBackend } from "./probe.js";
export { type PassedOver, type SelectBackendOptions, type Selection, selectBackend } from "./select-backend.js";
