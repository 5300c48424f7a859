/** Finds the browser that the tests run in: Playwright's own, then the system's, else Playwright installs one. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { chromium } from "playwright";

/** Software WebGPU, and none of the traffic of a browser that a person uses. */
export const chromiumArguments: readonly string[] = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Lets pages measure their memory at once: without the second, a measurement waits up to 20 s for a collection. */
export const memoryArguments: readonly string[] = [
  "--js-flags=--expose-gc",
  "--enable-blink-features=ForceEagerMeasureMemory",
];

const commands = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];
const applications = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
];

function playwrightChromium(): string | undefined {
  const path = chromium.executablePath();
  return existsSync(path) ? path : undefined;
}

function systemChromium(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = commands.flatMap((command) => folders.map((folder) => join(folder, command)));
  return [...candidates, ...applications].find((path) => existsSync(path));
}

/** The path of a Chromium that is there, or undefined. `DFORCE_CHROMIUM` names one explicitly. */
export function findChromium(): string | undefined {
  return process.env.DFORCE_CHROMIUM ?? playwrightChromium() ?? systemChromium();
}

/** Lets Playwright download its Chromium (about 170 MB); undefined, and said, if that fails. */
export function installChromium(): string | undefined {
  const program = join(dirname(createRequire(import.meta.url).resolve("playwright/package.json")), "cli.js");
  process.stderr.write("No Chromium was found for the tests in a browser: installing one with Playwright ...\n");
  try {
    execFileSync(process.execPath, [program, "install", "chromium"], { stdio: "pipe", timeout: 300_000 });
  } catch (error) {
    const output = String((error as { stderr?: Buffer }).stderr ?? error).trim();
    process.stderr.write(`Playwright could not install it: ${output.split("\n").at(0)}\n`);
  }
  return playwrightChromium();
}
