/** The page that measures the device in its address, `?onnx/webgpu`. */
import { report } from "../browser/apps/report.js";
import { openNamed } from "../test-devices/open-device.js";
import { measure } from "./measure.js";

await report(async () => {
  const backend = await openNamed(location.search.slice(1));
  return await measure(backend, (progress) => console.log(progress));
});
