import type { Backend } from "../engine/backend/contract.js";
import { referenceBackend } from "../engine/reference/index.js";
import { type DeviceTensor, type HostTensor, isHostTensor, readTensor } from "../engine/tensor/tensor.js";

/** The reference backend as if it computed on a device; `live` counts device tensors not yet disposed, `open` executables. */
export interface DeviceStandIn {
  readonly backend: Backend;
  live(): number;
  open(): number;
}

/** Outputs have to be read and disposed; feeding one that has been disposed throws. For tests of who owns what. */
export function deviceStandIn(): DeviceStandIn {
  const inner = referenceBackend();
  const alive = new Set<DeviceTensor>();
  let open = 0;
  const toDevice = (host: HostTensor): DeviceTensor => {
    const { dtype, shape } = host;
    const read = async () => host;
    const onDevice: DeviceTensor = { dtype, shape, device: "test", read, dispose: () => void alive.delete(onDevice) };
    alive.add(onDevice);
    return onDevice;
  };
  const backend: Backend = {
    ...inner,
    capabilities: { deviceTensors: true },
    compile: async (graph, options) => {
      const executable = await inner.compile(graph, options);
      const run: typeof executable.run = async (inputs) => {
        for (const [name, value] of Object.entries(inputs)) {
          if (!isHostTensor(value) && !alive.has(value)) throw new Error(`Input "${name}" has been disposed.`);
        }
        const outputs = Object.entries(await executable.run(inputs));
        const moved = outputs.map(async ([name, value]) => [name, toDevice(await readTensor(value))] as const);
        return Object.fromEntries(await Promise.all(moved));
      };
      open++;
      const dispose = (): void => {
        open--;
        executable.dispose();
      };
      return { run, dispose };
    },
  };
  return { backend, live: () => alive.size, open: () => open };
}
