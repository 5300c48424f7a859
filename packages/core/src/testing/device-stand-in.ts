import type { Backend } from "../engine/backend/contract.js";
import { referenceBackend } from "../engine/reference/index.js";
import { type DeviceTensor, type HostTensor, isHostTensor, readTensor } from "../engine/tensor/tensor.js";

/** The reference backend as if it computed on a device. */
export interface DeviceStandIn {
  readonly backend: Backend;
  /** Device tensors not yet disposed. */
  live(): number;
  /** How often one was read. */
  reads(): number;
  /** Executables not yet disposed. */
  open(): number;
}

/** Outputs have to be read and disposed; feeding or reading one that has been disposed throws. For tests of who owns what. */
export function deviceStandIn(): DeviceStandIn {
  const inner = referenceBackend();
  const alive = new Map<DeviceTensor, HostTensor>();
  let [reads, open] = [0, 0];
  const toDevice = (host: HostTensor): DeviceTensor => {
    const { dtype, shape } = host;
    const read = async () => {
      if (!alive.has(onDevice)) throw new Error("A tensor was read that has been disposed.");
      reads++;
      return host;
    };
    const onDevice: DeviceTensor = { dtype, shape, device: "test", read, dispose: () => void alive.delete(onDevice) };
    alive.set(onDevice, host);
    return onDevice;
  };
  const backend: Backend = {
    ...inner,
    capabilities: { deviceTensors: true },
    compile: async (graph, options) => {
      const executable = await inner.compile(graph, options);
      const run: typeof executable.run = async (inputs) => {
        const given = Object.entries(inputs).map(([name, value]) => {
          const host = isHostTensor(value) ? value : alive.get(value);
          if (host === undefined) throw new Error(`Input "${name}" has been disposed.`);
          return [name, host] as const;
        });
        const outputs = Object.entries(await executable.run(Object.fromEntries(given)));
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
  return { backend, live: () => alive.size, reads: () => reads, open: () => open };
}
