export * from "../sampling/index.js";
