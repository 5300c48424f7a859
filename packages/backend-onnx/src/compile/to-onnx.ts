import type { HostTensorRecord } from "@diffusion-forcing/core";
import { bakeConstants, type Graph, optimize } from "@diffusion-forcing/core/graph";
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

/**
 * A graph as the bytes of an .onnx file. Inputs keep their names; an output named like an input gets ".next"
 * appended, as ONNX wants distinct names.
 */
export function toOnnx(graph: Graph, options: ToOnnxOptions = {}): Uint8Array {
  const { constants = {}, portable = true, name = "graph", metadata = {} } = options;
  const simplified = optimize(bakeConstants(graph, constants));
  return encodeModel(lowerGraph(simplified, { target: portable ? "portable" : "cpu", name, metadata }).model);
}
