export { seq2seqTask } from "./task.js";
