/// <reference lib="dom" />
/** The soak in a page: `?device=onnx-web-wasm&settled=100&steps=1000&config=small`. */
import { report } from "../browser/apps/report.js";
import { openDevice } from "../test-devices/open-device.js";
import { pageBytes } from "../test-devices/page-bytes.js";
import { countGpuBuffers } from "./gpu-buffers.js";
import { type Holdings, soak } from "./growth.js";
import { planOf, testDevice } from "./plan.js";
import { countTensors } from "./tensors.js";

report(async () => {
  const query = Object.fromEntries(new URLSearchParams(location.search));
  const device = testDevice(query.device ?? "");
  const gpuBuffers = countGpuBuffers();
  const backend = await openDevice(device);
  const tensors = await countTensors(device);
  const measure = async (): Promise<Holdings> => {
    const counts = { gpuBuffers: gpuBuffers(), tensors: tensors() };
    const known = Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== undefined));
    return { bytes: await pageBytes(), ...known };
  };
  const growths = await soak(backend, planOf(device, query), measure);
  await backend.dispose();
  return growths;
});
