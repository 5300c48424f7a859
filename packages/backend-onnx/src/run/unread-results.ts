import type { Graph } from "@diffusion-forcing/core/graph";
import { sizeOf } from "@diffusion-forcing/core/graph";
import type { OnnxModel } from "../compile/proto/model.js";
import type { RuntimeSession, RuntimeTensors } from "../device/runtime.js";

/** From this many bytes of results on, copying them costs more than an error. */
const FEWEST_BYTES = 2 ** 20;

const MARKER = "%no results";

/** What onnxruntime-node (1.30) says when it comes to hand over a result that is no tensor. */
const REFUSAL = "Non tensor type is temporarily not supported";

/** Whether the results of a graph are large enough for {@link withoutResults}. */
export function hasLargeResults({ outputs }: Graph): boolean {
  return Object.values(outputs).reduce((bytes, { shape }) => bytes + 4 * sizeOf(shape), 0) >= FEWEST_BYTES;
}

/**
 * The model with an empty sequence for its first result.
 *
 * onnxruntime-node copies every result of a run into a new array, also those that it has just written into arrays of
 * ours: of a training step, the whole new state, 100 of 470 ms and 300 MB of garbage with 25 million parameters. It
 * stops before the first copy where the first result is no tensor, which it cannot hand over. The run is complete
 * then, and our arrays are filled.
 */
export function withoutResults(model: OnnxModel): OnnxModel {
  const { nodes, outputs } = model.graph;
  const node = {
    name: "no results",
    operator: "SequenceEmpty",
    domain: "",
    inputs: [],
    outputs: [MARKER],
    attributes: {},
  };
  const marker = { name: MARKER, elementType: "float32", shape: [], sequence: true } as const;
  return { ...model, graph: { ...model.graph, nodes: [...nodes, node], outputs: [marker, ...outputs] } };
}

/** Runs a model that {@link withoutResults} made: fills the tensors of `fetches`. */
export async function runWithoutResults(
  session: RuntimeSession,
  feeds: RuntimeTensors,
  fetches: RuntimeTensors,
): Promise<void> {
  try {
    await session.run(feeds, { [MARKER]: null, ...fetches });
  } catch (error) {
    if (!(error instanceof Error && error.message.includes(REFUSAL))) throw error;
  }
}
