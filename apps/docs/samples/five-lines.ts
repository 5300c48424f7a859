import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { folderStore } from "@diffusion-forcing/core/node";
import { MazePlanner, readPlannerBundle } from "@diffusion-forcing/tasks/maze2d";
import { planStreams } from "@diffusion-forcing/tasks/planning";

const models = "packages/tasks/models";

// #region five
const backend = await onnxBackend();
const planner = new MazePlanner({ backend, ...(await readPlannerBundle(folderStore(`${models}/maze2d-medium`))) });
const [plan] = await planner.plan([{ history: [[1, 1]], goal: [6, 6] }], planStreams(0, 1));
console.log(`${plan?.positions.length} numbers: x and y of every moment of the way`);
await planner.dispose();
// #endregion five
await backend.dispose();
