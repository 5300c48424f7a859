/** Finds a Vulkan driver for WebGPU in Node: the GPU's own, or the software one that comes with Chromium. */
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

const driverFolders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
/** Debian 12's lavapipe cannot run Dawn. */
const unusableDriver = /^lvp_icd/;
const chromiumFolders = ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome"];
const softwareDriver = "vk_swiftshader_icd.json";

function hasGpu(): boolean {
  const rendersNode = existsSync("/dev/dri") && readdirSync("/dev/dri").some((name) => name.startsWith("renderD"));
  const hasDriver = driverFolders
    .filter((folder) => existsSync(folder))
    .some((folder) => readdirSync(folder).some((name) => !unusableDriver.test(name)));
  return hasDriver && (rendersNode || existsSync("/dev/nvidiactl"));
}

/** What WebGPU in Node needs in its environment, or undefined if nothing here can run it. */
export function vulkanEnvironment(chromium: string | undefined): Readonly<Record<string, string>> | undefined {
  if (process.platform !== "linux") return {};
  if ((process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES ?? "") !== "") return {};
  if (hasGpu()) return {};
  const beside = chromium !== undefined && existsSync(chromium) ? [dirname(realpathSync(chromium))] : [];
  const driver = [...beside, ...chromiumFolders]
    .map((folder) => join(folder, softwareDriver))
    .find((path) => existsSync(path));
  return driver === undefined ? undefined : { VK_DRIVER_FILES: driver };
}
