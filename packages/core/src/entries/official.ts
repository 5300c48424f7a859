export * from "../official/index.js";
