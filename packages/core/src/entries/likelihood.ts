export * from "../likelihood/index.js";
