import type { Environment } from "./environment.js";
import { neededLibraries } from "./environment.js";
import type { Finding } from "./finding.js";

/**
 * What to do about a device that does not work, beyond what its own error says: one line per step, none if nothing
 * is known to help.
 */
export function adviceFor(finding: Finding, environment: Environment): readonly string[] {
  if (finding.available) return [];
  const { name, device, code } = finding;
  const about = advisers[`${name}/${device}`];
  const steps = about?.(environment, code === "missing-dependency") ?? [];
  return code === "backend-failure" && steps.length === 0 ? ["Please report it with the output above."] : steps;
}

/** `missing`: a package is not installed; otherwise it is, and something else is wrong. */
type Adviser = (environment: Environment, missing: boolean) => readonly string[];

const nativeBinding: Adviser = ({ platform, arch }) =>
  platform === "linux" && arch === "x64"
    ? [
        "Without an NVIDIA GPU or its files nothing else is needed: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node",
      ]
    : ["npm install onnxruntime-node"];

/** Why CUDA cannot be there at all; no library helps before these are solved. */
function withoutCuda({ platform, arch, nvidia }: Environment): readonly string[] | undefined {
  if (platform !== "linux" || arch !== "x64") {
    return [`CUDA from Node needs Linux on x64; this is ${platform} on ${arch}. For this machine's GPU: onnx/webgpu.`];
  }
  if (nvidia.length > 0) return undefined;
  return ["No NVIDIA GPU answers nvidia-smi: this needs one, with its driver. For another GPU: onnx/webgpu."];
}

function missingOf(environment: Environment, ...names: (keyof typeof neededLibraries)[]): string[] {
  return names.map((name) => neededLibraries[name]).filter((library) => !environment.libraries.includes(library));
}

const onnxCuda: Adviser = (environment) => {
  const none = withoutCuda(environment);
  if (none !== undefined) return none;
  const steps = [
    `Found: ${environment.nvidia.join("; ")}.`,
    "The CUDA provider, in one command: ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node",
  ];
  const missing = missingOf(environment, "cuda", "cublas", "cudnn");
  if (missing.length > 0) {
    steps.push(`Install CUDA 12 and cuDNN 9, or add their folder to LD_LIBRARY_PATH: ${missing.join(", ")} not found.`);
  }
  return steps;
};

const tensorflow =
  (packageName: string): Adviser =>
  (environment, missing) => {
    const steps: string[] = [];
    if (packageName.endsWith("-gpu")) {
      const none = withoutCuda(environment);
      if (none !== undefined) return none;
      steps.push("It is built against CUDA 11.2 and cuDNN 8.1; onnx/cuda works with the current CUDA 12.");
    }
    const major = Number(environment.node.split(".")[0]);
    if (major >= 24) {
      steps.push(
        `${packageName} 4.22 does not run on Node ${major} (util.isNullOrUndefined is gone): use Node 20 or 22.`,
      );
    }
    if (missing) {
      steps.push(`npm install @tensorflow/tfjs-core ${packageName} (downloads TensorFlow's native library)`);
    }
    return steps;
  };

const vulkan: Adviser = (environment) => {
  if (environment.platform !== "linux") return ["Update the graphics driver."];
  const steps: string[] = [];
  if (missingOf(environment, "vulkan").length > 0) steps.push("The Vulkan loader: apt-get install libvulkan1");
  if (environment.vulkanDrivers.length === 0) {
    steps.push(
      "A Vulkan driver: NVIDIA's comes with its driver; AMD and Intel: apt-get install mesa-vulkan-drivers. Without a GPU, Chromium's software driver serves for tests: apt-get install chromium, then VK_DRIVER_FILES=/usr/lib/chromium/vk_swiftshader_icd.json",
    );
  } else {
    steps.push(
      `Vulkan drivers found: ${environment.vulkanDrivers.join(", ")}. Mesa's lavapipe (lvp) of Debian 12 does not do; VK_DRIVER_FILES names the one to use.`,
    );
  }
  return steps;
};

const packages =
  (...names: string[]): Adviser =>
  (_environment, missing) =>
    missing ? [`npm install @tensorflow/tfjs-core ${names.join(" ")}`] : [];

const advisers: Readonly<Record<string, Adviser>> = {
  "onnx/cpu": nativeBinding,
  "onnx/cuda": onnxCuda,
  "onnx/webgpu": vulkan,
  "onnx/wasm": () => ["npm install onnxruntime-web"],
  "tfjs/node-gpu": tensorflow("@tensorflow/tfjs-node-gpu"),
  "tfjs/node": tensorflow("@tensorflow/tfjs-node"),
  "tfjs/webgpu": (environment, missing) => [
    ...(missing ? ["npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-webgpu webgpu"] : []),
    ...vulkan(environment, missing),
  ],
  "tfjs/wasm": packages("@tensorflow/tfjs-backend-wasm"),
  "tfjs/cpu": packages("@tensorflow/tfjs-backend-cpu"),
};
