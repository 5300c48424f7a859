import { onBeforeUnmount, type Ref, ref, shallowRef } from "vue";
import { type DeviceChoice, type Download, devices, type Job, type OpenedBackend } from "./messages";
import { choiceSetting, readSettings, writeSettings } from "./url-state";
import { isAborted, JobError, WorkerClient } from "./worker-client";

/** The job that every worker of a demo serves: it opens the device. */
export interface OpenJob {
  readonly request: { readonly device: DeviceChoice; readonly models: string };
  readonly event: Download;
  readonly response: OpenedBackend;
}

export interface DemoWorker<J extends Record<keyof J, Job>> {
  readonly device: Ref<DeviceChoice>;
  readonly opened: Ref<OpenedBackend | undefined>;
  readonly download: Ref<Download | undefined>;
  readonly busy: Ref<boolean>;
  /** What went wrong, for people; empty if nothing did. */
  readonly failure: Ref<string>;
  /** Runs a job on the chosen device, which is opened first; undefined if it was stopped or failed. */
  run<K extends keyof J & string>(
    job: K,
    request: J[K]["request"],
    onEvent?: (event: J[K]["event"]) => void,
  ): Promise<J[K]["response"] | undefined>;
  /** Tells the running job's worker something, which it answers with nothing. */
  send<K extends keyof J & string>(job: K, request: J[K]["request"]): void;
  stop(): void;
  chooseDevice(device: DeviceChoice): void;
}

/** How long a worker may take to hear that it is to stop before it is ended. */
const PATIENCE = 1500;

/** A demo's worker: started when first needed, ended with the page's component, its device shown and switchable. */
export function useDemoWorker<J extends { open: OpenJob } & Record<keyof J, Job>>(
  start: () => Worker,
  models: () => string,
): DemoWorker<J> {
  const device = ref<DeviceChoice>("auto");
  const opened = shallowRef<OpenedBackend>();
  const download = shallowRef<Download>();
  const busy = ref(false);
  const failure = ref("");
  let client: WorkerClient<J> | undefined;
  let opening: Promise<OpenedBackend> | undefined;
  let controller: AbortController | undefined;

  if (!import.meta.env.SSR) device.value = choiceSetting(readSettings(), "device", devices, "auto");

  function end(): void {
    client?.terminate();
    client = undefined;
    opening = undefined;
    opened.value = undefined;
  }

  async function ready(signal: AbortSignal): Promise<WorkerClient<J>> {
    client ??= new WorkerClient<J>(start());
    const current = client;
    const onEvent = (event: Download): void => {
      download.value = event;
    };
    opening ??= current.ask("open", { device: device.value, models: models() }, { onEvent, signal });
    try {
      opened.value = await opening;
    } catch (error) {
      // ONNX Runtime starts its WebAssembly once in a thread: what comes next needs another one.
      end();
      throw error;
    } finally {
      download.value = undefined;
    }
    return current;
  }

  function explain(error: unknown): string {
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof JobError ? error.code : "unexpected";
    if (code === "worker-lost" || code === "unexpected") end();
    if (code !== "backend-failure") return message;
    const onGpu = opened.value?.device === "webgpu";
    end();
    return onGpu ? `The GPU was lost or failed: ${message} Choose WebAssembly as the device, or try again.` : message;
  }

  onBeforeUnmount(end);

  return {
    device,
    opened,
    download,
    busy,
    failure,
    async run(job, request, onEvent) {
      if (busy.value) return undefined;
      busy.value = true;
      failure.value = "";
      controller = new AbortController();
      const { signal } = controller;
      try {
        const ask = await ready(signal);
        return await ask.ask(job, request, { signal, ...(onEvent ? { onEvent } : {}) });
      } catch (error) {
        if (!isAborted(error)) failure.value = explain(error);
        return undefined;
      } finally {
        busy.value = false;
        download.value = undefined;
      }
    },
    send(job, request) {
      client?.ask(job, request).catch(() => {});
    },
    stop() {
      const stopped = controller;
      stopped?.abort();
      setTimeout(() => {
        if (busy.value && controller === stopped) end();
      }, PATIENCE);
    },
    chooseDevice(choice) {
      device.value = choice;
      writeSettings({ device: choice === "auto" ? undefined : choice });
      end();
      failure.value = "";
    },
  };
}
