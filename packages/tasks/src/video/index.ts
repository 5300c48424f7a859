export * from "./moving-dots.js";
