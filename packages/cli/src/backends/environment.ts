import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { promisify } from "node:util";

/** What of a machine decides which devices work. */
export interface Environment {
  /** "linux", "darwin", "win32". */
  readonly platform: string;
  /** "x64", "arm64". */
  readonly arch: string;
  /** Of Node, without the "v". */
  readonly node: string;
  /** "NVIDIA GeForce RTX 4090, 550.54" per NVIDIA GPU with a driver. */
  readonly nvidia: readonly string[];
  /** Shared libraries that the dynamic linker finds, of those that GPU devices need (Linux). */
  readonly libraries: readonly string[];
  /** Vulkan drivers (Linux): the files that the loader reads. */
  readonly vulkanDrivers: readonly string[];
}

/** What WebGPU and CUDA need of the system on Linux. */
export const neededLibraries = {
  vulkan: "libvulkan.so.1",
  cuda: "libcudart.so.12",
  cublas: "libcublas.so.12",
  cudnn: "libcudnn.so.9",
} as const;

const driverFolders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];

export async function readEnvironment(): Promise<Environment> {
  const { platform, arch, versions } = process;
  const linux = platform === "linux";
  return {
    platform,
    arch,
    node: versions.node,
    nvidia: await nvidiaGpus(),
    libraries: linux ? await linkedLibraries() : [],
    vulkanDrivers: linux ? await vulkanDrivers() : [],
  };
}

/** Lines of a program's output; none if it is not there, fails or hangs. */
async function linesOf(program: string, args: readonly string[]): Promise<string[]> {
  try {
    const { stdout } = await promisify(execFile)(program, [...args], { timeout: 10_000 });
    return stdout.split("\n").filter((line) => line.trim() !== "");
  } catch {
    return [];
  }
}

function nvidiaGpus(): Promise<string[]> {
  return linesOf("nvidia-smi", ["--query-gpu=name,driver_version", "--format=csv,noheader"]);
}

async function filesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function linkedLibraries(): Promise<string[]> {
  const known = (await linesOf("ldconfig", ["-p"])).concat(await linesOf("/sbin/ldconfig", ["-p"])).join("\n");
  const folders = (process.env.LD_LIBRARY_PATH ?? "").split(":").filter((folder) => folder !== "");
  const files = (await Promise.all(folders.map(filesIn))).flat();
  return Object.values(neededLibraries).filter((name) => known.includes(`${name} `) || files.includes(name));
}

async function vulkanDrivers(): Promise<string[]> {
  const chosen = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES ?? "";
  if (chosen !== "") return chosen.split(":");
  const found = driverFolders.map(async (folder) => (await filesIn(folder)).map((file) => `${folder}/${file}`));
  return (await Promise.all(found)).flat().filter((file) => file.endsWith(".json"));
}
