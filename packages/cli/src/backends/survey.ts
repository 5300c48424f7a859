import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { BackendProvider } from "@diffusion-forcing/core/backend";
import type { Failing, Finding, Working } from "./finding.js";

const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const childFile = fileURLToPath(new URL(`./measure-child.${extension}`, import.meta.url));
/** From the sources, in a checkout, the child needs their loader too. */
const childOptions = extension === "ts" ? ["--import", "tsx", "--conditions=source"] : [];

export interface SurveyOptions {
  /** Longest that one device may take. Software renderers compile shaders for many seconds. Default 2 minutes. */
  readonly timeoutMilliseconds?: number;
  /** Other child program, for tests. */
  readonly child?: string;
}

/**
 * Opens, checks and times every device of the providers, each in a process of its own, one after the other so that
 * times do not disturb each other.
 */
export async function* surveyDevices(
  providers: readonly Pick<BackendProvider, "name" | "devices">[],
  options: SurveyOptions = {},
): AsyncGenerator<Finding> {
  for (const { name, devices } of providers) {
    for (const device of devices) yield { name, device, ...(await measureInChild([name, device], options)) };
  }
}

function measureInChild(args: readonly string[], options: SurveyOptions): Promise<Working | Failing> {
  const { timeoutMilliseconds = 120_000, child: file = childFile } = options;
  const child = fork(file, args, { execArgv: childOptions, stdio: ["ignore", "pipe", "pipe", "ipc"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(0, 2000);
    });
  }
  return new Promise((resolve) => {
    const fail = (reason: string): void => resolve({ available: false, code: "backend-failure", reason });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`no answer within ${timeoutMilliseconds / 1000} s${firstWords(said)}`);
    }, timeoutMilliseconds);
    child.once("message", (found) => resolve(found as Working | Failing));
    child.once("error", (error) => fail(`its process did not start: ${error.message}`));
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      fail(`its process ended ${signal === null ? `with code ${code}` : `by ${signal}`}${firstWords(said)}`);
    });
  });
}

/** What a dying library printed, before the stack traces. */
function firstWords(text: string): string {
  const lines = text.trim().split("\n").slice(0, 3).join(" / ");
  return lines === "" ? "" : `; it said: ${lines}`;
}
