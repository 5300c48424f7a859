import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { servePage } from "../browser/serve-page.js";
import { launchChromium, visit } from "../browser/visit.js";
import { findChromium } from "../test-devices/chromium.js";
import { vulkanEnvironment } from "../test-devices/vulkan.js";
import type { ParityDevice } from "./devices.js";
import type { Measured } from "./measure.js";

/** Measures a device where it lives. @throws Error with the reason if that cannot be done. */
export function runDevice(
  device: Pick<ParityDevice, "host" | "device"> & { readonly provider: string },
  onProgress: (text: string) => void,
  timeout: number,
): Promise<Measured> {
  return (device.host === "node" ? runInNode : runInChromium)(device, onProgress, timeout);
}

type Message = { readonly progress: string } | { readonly measured: Measured } | { readonly reason: string };

function runInNode(
  { provider, device }: { readonly provider: string; readonly device: string },
  onProgress: (text: string) => void,
  timeout: number,
): Promise<Measured> {
  const vulkan = device === "webgpu" ? vulkanEnvironment(findChromium()) : {};
  const child = fork(fileURLToPath(new URL("./node-child.ts", import.meta.url)), [`${provider}/${device}`], {
    execArgv: ["--import", "tsx", "--conditions=source"],
    env: { ...process.env, ...vulkan },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(0, 1000);
    });
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`no result within ${timeout / 1000} s`));
    }, timeout);
    child.on("message", (message: Message) => {
      if ("progress" in message) onProgress(message.progress);
      else if ("measured" in message) resolve(message.measured);
      else reject(new Error(message.reason));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`its process ended with ${signal ?? `code ${code}`}: ${said.trim()}`));
    });
  });
}

async function runInChromium(
  { provider, device }: { readonly provider: string; readonly device: string },
  onProgress: (text: string) => void,
  timeout: number,
): Promise<Measured> {
  const server = await servePage("tools/parity/page.ts");
  const browser = await launchChromium();
  try {
    const url = `${server.origin}/?${provider}/${device}`;
    return (await visit(browser, url, { timeout, onLine: onProgress })) as Measured;
  } finally {
    await browser.close();
    await server.close();
  }
}
