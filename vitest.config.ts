import { playwright } from "@vitest/browser-playwright";
import { configDefaults, defineConfig, type TestProjectConfiguration, type ViteUserConfig } from "vitest/config";
import { findCoverage } from "./tools/test-devices/coverage.js";
import { DeviceReporter } from "./tools/test-devices/device-reporter.js";
import { chromiumProject, type TestDevice, testDevices } from "./tools/test-devices/devices.js";

/** Vite's own defaults for Node, preceded by `source`: siblings are tested from their src, without a build. */
const conditions = ["source", "module", "node", "development|production"];
/** The same for a page. */
const browserConditions = ["source", "module", "browser", "development|production"];

const packages = ["core", "backend-onnx", "backend-tfjs", "tasks", "cli"];

/** Packages without state outside their functions: their many small files share a process, and its modules. */
const stateless = ["core", "tasks"];

/** A test file with a device's name among the parts of its own name belongs to that device's project. */
const filesOf = (device: TestDevice): string[] => [
  `packages/${device.package}/src/**/{,*.}${device.name}{,.*}.test.ts`,
];
const browserFiles = "{packages/*/src,tools}/**/*.browser.test.ts";

/** Enough for WebGPU on a processor that others use too. */
const deviceTimeout = 300_000;

const coverage = findCoverage();
const { chromium } = coverage;

const folders = {
  ...Object.fromEntries(packages.map((name) => [name, `packages/${name}/src`])),
  tools: "tools",
  docs: "apps/docs",
};

const packageProjects = Object.entries(folders).map(([name, folder]) => ({
  extends: true as const,
  test: {
    name,
    isolate: !stateless.includes(name),
    include: [`${folder}/**/*.test.ts`],
    exclude: [...configDefaults.exclude, browserFiles, ...testDevices.flatMap(filesOf)],
  },
}));

const nodeProjects = coverage.devices
  .filter(({ host }) => host === "node")
  .map((device) => ({
    extends: true as const,
    test: {
      name: device.name,
      include: filesOf(device),
      exclude: [...configDefaults.exclude, browserFiles],
      env: device.vulkan ? { ...coverage.vulkan } : {},
      testTimeout: deviceTimeout,
      hookTimeout: deviceTimeout,
      // So that tests of memory can collect garbage before they measure.
      execArgv: ["--expose-gc"],
    },
  }));

/** One server for all projects in Chromium, so that sources are transformed once. */
function browserProjects(executablePath: string, args: readonly string[]): TestProjectConfiguration {
  const devices = coverage.devices.filter(({ host }) => host === "chromium");
  return {
    extends: true,
    resolve: { conditions: browserConditions },
    // Shared memory, and with it threads in WebAssembly, needs a page that is isolated from others.
    server: {
      headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
    },
    // ONNX Runtime finds its .wasm files beside its own module, so that must stay where it is.
    // TensorFlow.js has CommonJS dependencies, which Vite converts; discovering them would reload a running test.
    optimizeDeps: {
      noDiscovery: true,
      include: ["core", "backend-wasm", "backend-webgpu"].map((part) => `@tensorflow/tfjs-${part}`),
      exclude: ["onnxruntime-web"],
    },
    test: {
      name: "browser",
      include: [browserFiles],
      browser: {
        enabled: true,
        headless: true,
        ui: false,
        screenshotFailures: false,
        provider: playwright({ launchOptions: { executablePath, args: [...args] } }),
        instances: [
          {
            browser: "chromium",
            name: chromiumProject,
            include: [browserFiles],
            exclude: [...configDefaults.exclude, ...devices.flatMap(filesOf)],
          },
          ...devices.map((device) => ({
            browser: "chromium" as const,
            name: device.name,
            include: filesOf(device),
            testTimeout: deviceTimeout,
            hookTimeout: deviceTimeout,
          })),
        ],
      },
    },
  };
}

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // By default one core of a machine of two is left idle.
    maxWorkers: "100%",
    reporters: ["default", new DeviceReporter(coverage)],
    projects: [
      ...packageProjects,
      ...nodeProjects,
      ...(chromium === undefined ? [] : [browserProjects(chromium.executablePath, chromium.args)]),
    ],
  },
});

export default config;
