import type { HostTensorRecord } from "@diffusion-forcing/core";
import { checkOptions, schemas } from "@diffusion-forcing/core/backend";
import { bakeConstants, checkGraph, type Graph, optimize } from "@diffusion-forcing/core/graph";
import { lowerGraph } from "./lower-graph.js";
import { encodeModel } from "./proto/encode.js";

export interface ToOnnxOptions {
  /** Values of graph inputs to store in the file; the model then no longer takes them as inputs. */
  readonly constants?: HostTensorRecord;
  /**
   * Only operators of the standard set (ai.onnx 18), so that any runtime loads the file. Otherwise fused operators
   * of ONNX Runtime (domain com.microsoft) are used where they are faster. Default true.
   */
  readonly portable?: boolean;
  /** The graph's name in the file. Default "graph". */
  readonly name?: string;
  /** Stored as the model's metadata properties. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const optionSchemas = {
  constants: schemas.having<HostTensorRecord>("tensors by name"),
  portable: schemas.satisfying<boolean>("true or false", (value) => typeof value === "boolean"),
  name: schemas.satisfying<string>("a string", (value) => typeof value === "string"),
  metadata: schemas.satisfying<Record<string, string>>(
    "strings by name",
    (value) =>
      typeof value === "object" && value !== null && Object.values(value).every((text) => typeof text === "string"),
  ),
};

/**
 * A graph as the bytes of an .onnx file. Inputs keep their names; an output named like an input gets ".next"
 * appended, as ONNX wants distinct names.
 *
 * @throws `invalid-argument`
 */
export function toOnnx(graph: Graph, options: ToOnnxOptions = {}): Uint8Array {
  checkGraph("toOnnx", graph);
  checkOptions("toOnnx", optionSchemas, options);
  const { constants = {}, portable = true, name = "graph", metadata = {} } = options;
  const simplified = optimize(bakeConstants(graph, constants));
  return encodeModel(lowerGraph(simplified, { target: portable ? "portable" : "cpu", name, metadata }).model);
}
