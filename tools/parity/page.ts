/** The page that measures the device in its address, `?onnx/webgpu`. */
import { report } from "../browser/apps/report.js";
import { loadProvider } from "../test-devices/load-provider.js";
import { measure } from "./measure.js";

await report(async () => {
  const [provider, device] = location.search.slice(1).split("/") as [string, string];
  const backend = await (await loadProvider(provider)).open(device);
  return await measure(backend, (progress) => console.log(progress));
});
