export * from "../training/index.js";
