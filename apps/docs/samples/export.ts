import { decodeModel, onnxBackend, toOnnx } from "@diffusion-forcing/backend-onnx";
import {
  cosineSchedule,
  createRandom,
  ddim,
  diffusionForcing,
  initializeParameters,
  transformer,
} from "@diffusion-forcing/core";
import { encodeBundle } from "@diffusion-forcing/core/bundle";
import { weightsOf } from "@diffusion-forcing/core/models";
import { parameterName, walkGraph } from "@diffusion-forcing/core/sampling";

const forcing = diffusionForcing({
  model: transformer({ features: 2, width: 32, layers: 2, heads: 4 }),
  schedule: cosineSchedule(100),
});
const parameters = initializeParameters(forcing.model, createRandom(0)); // yours are trained

// #region bundle
// Two files: config.json says what it is, model.safetensors holds the weights. float16 halves them.
const files = encodeBundle({ diffusion: forcing, parameters }, { weights: "float16" });
console.log(Object.entries(files).map(([name, bytes]) => `${name}: ${bytes.length} bytes`));
// #endregion bundle

// #region onnx
// One sampling step, weights inside, as a standard ONNX model: any runtime runs it, from any language.
const step = walkGraph(forcing, { solver: ddim(), stabilizationLevel: 1 }, { batch: 1, length: 16, steps: 1 });
const constants = Object.fromEntries(
  Object.entries(weightsOf(forcing.model, parameters)).map(([name, value]) => [parameterName(name), value]),
);
const bytes = toOnnx(step, { constants, name: "sampling_step" });
const { graph } = decodeModel(bytes);
console.log(bytes.length, "bytes; inputs", graph?.inputs?.map(({ name }) => name).join(", "));

// #endregion onnx
export { onnxBackend };
