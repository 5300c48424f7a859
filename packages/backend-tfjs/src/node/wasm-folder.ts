import { createRequire } from "node:module";
import { dirname, sep } from "node:path";

/** The folder of the installed package's `.wasm` files: TensorFlow.js would look in the working directory. */
export function wasmFolder(): string {
  return dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm")) + sep;
}
