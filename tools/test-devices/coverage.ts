import { chromiumArguments, findChromium, installChromium, memoryArguments } from "./chromium.js";
import { chromiumProject, declaredDevices, type TestDevice, testDevices } from "./devices.js";
import { vulkanEnvironment } from "./vulkan.js";

/** What is there. */
export interface Found {
  /** Of a Chromium. */
  readonly executablePath: string | undefined;
  /** What WebGPU in Node needs in its environment; undefined if nothing can run it. */
  readonly vulkan: Readonly<Record<string, string>> | undefined;
}

/** Which device projects this run has, and why it lacks the others. */
export interface Coverage {
  readonly devices: readonly TestDevice[];
  /** Why a project is not part of the run, by its name. */
  readonly absent: ReadonlyMap<string, string>;
  /** Devices on which tests must have run by the end. */
  readonly declared: readonly string[];
  readonly chromium: { readonly executablePath: string; readonly args: readonly string[] } | undefined;
  readonly vulkan: Readonly<Record<string, string>>;
}

const noChromium = "no Chromium was found and none could be installed; `npx playwright install chromium` gets one";
const noVulkan =
  "no Vulkan driver was found; without a GPU, Chromium's SwiftShader will do (Debian: apt-get install chromium libvulkan1)";

/** Why a device cannot be tested here, or undefined if it can. */
function obstacle({ host, vulkan }: TestDevice, found: Found): string | undefined {
  if (host === "chromium" && found.executablePath === undefined) return noChromium;
  if (vulkan === true && found.vulkan === undefined) return noVulkan;
  return undefined;
}

/**
 * The projects of a run. Declared devices must be there; without a declaration those that are there run.
 *
 * @throws Error if a declared device is absent.
 */
export function planCoverage(declared: readonly string[] | undefined, found: Found): Coverage {
  const absent = new Map<string, string>();
  const missing: string[] = [];
  for (const device of testDevices) {
    const isWanted = declared === undefined || declared.includes(device.name);
    const reason = isWanted ? obstacle(device, found) : "DFORCE_DEVICES does not name it";
    if (reason === undefined) continue;
    absent.set(device.name, reason);
    if (declared !== undefined && isWanted) missing.push(`\n  ${device.name}: ${reason}`);
  }
  if (missing.length > 0) throw new Error(`DFORCE_DEVICES declares devices that are absent:${missing.join("")}`);
  const { executablePath } = found;
  if (executablePath === undefined) absent.set(chromiumProject, noChromium);
  return {
    devices: testDevices.filter(({ name }) => !absent.has(name)),
    absent,
    declared: declared ?? [],
    chromium:
      executablePath === undefined ? undefined : { executablePath, args: [...chromiumArguments, ...memoryArguments] },
    vulkan: found.vulkan ?? {},
  };
}

/** Looks around, lets Playwright install a browser if `npm test` lacks one, and plans the run. */
export function findCoverage(environment: NodeJS.ProcessEnv = process.env): Coverage {
  const declared = declaredDevices(environment.DFORCE_DEVICES);
  const wantsChromium = testDevices.some(
    ({ name, host }) => host === "chromium" && (declared === undefined || declared.includes(name)),
  );
  // Only `npm test` may download: not an editor, and not `vitest --project core`.
  const mayInstall = environment.npm_lifecycle_event === "test" && wantsChromium;
  const executablePath = findChromium() ?? (mayInstall ? installChromium() : undefined);
  return planCoverage(declared, { executablePath, vulkan: vulkanEnvironment(executablePath) });
}
