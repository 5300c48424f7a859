import { encodeModel } from "../compile/proto/encode.js";
import type { OnnxModel } from "../compile/proto/model.js";
import type { Runtime, RuntimeTensor, SessionOptions } from "../device/runtime.js";

/** The smallest number of channels that the runtime puts into blocks. */
const FEWEST = 4;

/** One image of one pixel, put into blocks: the result has as many channels as a block. */
const probe: OnnxModel = {
  irVersion: 8,
  producer: "@diffusion-forcing/backend-onnx",
  operatorSets: [
    { domain: "", version: 18 },
    { domain: "com.microsoft.nchwc", version: 1 },
  ],
  metadata: {},
  graph: {
    name: "channel block",
    nodes: [
      {
        name: "probe",
        operator: "ReorderInput",
        domain: "com.microsoft.nchwc",
        inputs: ["x"],
        outputs: ["y"],
        attributes: {},
      },
    ],
    initializers: [],
    inputs: [{ name: "x", elementType: "float32", shape: [1, FEWEST, 1, 1] }],
    outputs: [{ name: "y", elementType: "float32", shape: ["n", "c", "h", "w"] }],
  },
};

/**
 * How many channels a block of ONNX Runtime's layout for convolutions has on this processor: 8 with AVX, 16 with
 * AVX-512. Undefined where the runtime has no such layout.
 */
export async function findChannelBlock(runtime: Runtime, options: SessionOptions): Promise<number | undefined> {
  try {
    const session = await runtime.InferenceSession.create(encodeModel(probe), options);
    const results = await session.run({
      x: new runtime.Tensor("float32", new Float32Array(FEWEST), [1, FEWEST, 1, 1]),
    });
    const block = (results.y as RuntimeTensor).data as Float32Array;
    await session.release();
    return block.length > FEWEST ? block.length : undefined;
  } catch {
    return undefined;
  }
}
