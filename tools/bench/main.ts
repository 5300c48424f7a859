/** Times the jobs of one named configuration: `npm run bench -- --config base --json`. Medians in milliseconds. */
import { parseArgs } from "node:util";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import type { Backend } from "@diffusion-forcing/core";
import { median } from "simple-statistics";
import { recordBench } from "../figures/record.js";
import { findChromium } from "../test-devices/chromium.js";
import { openNamed } from "../test-devices/open-device.js";
import { vulkanEnvironment } from "../test-devices/vulkan.js";
import { benchConfigs, convolutionConfigs, videoConfigs } from "./configs.js";
import { benchJobs, type Job } from "./jobs.js";
import { plannerJobs } from "./planner-jobs.js";
import { convolutionJobs, videoJobs } from "./video-jobs.js";

const warmupRuns = 3;

async function medianMilliseconds({ repeats, run }: Job): Promise<number> {
  for (let i = 0; i < warmupRuns; i++) await run();
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const started = performance.now();
    await run();
    times.push(performance.now() - started);
  }
  return median(times);
}

/** `threads` is heeded by ONNX Runtime on the CPU; other devices choose for themselves. */
async function openBackend(text: string, threads: number): Promise<Backend> {
  if (text === "onnx/cpu") return await onnxBackend({ threads });
  if (text.endsWith("/webgpu")) Object.assign(process.env, vulkanEnvironment(findChromium()));
  return await openNamed(text);
}

type Jobs = (backend: Backend, repeats: number) => readonly (() => Job)[];

function jobsOf<C>(
  configs: Readonly<Record<string, C>>,
  make: (config: C, backend: Backend, repeats: number) => readonly (() => Job)[],
): [string, Jobs][] {
  return Object.entries(configs).map(([name, config]) => [name, (backend, repeats) => make(config, backend, repeats)]);
}

/** What is timed, by the configuration's name. */
const jobs: ReadonlyMap<string, Jobs> = new Map([
  ...jobsOf(benchConfigs, benchJobs),
  ...jobsOf(videoConfigs, videoJobs),
  ...jobsOf(convolutionConfigs, convolutionJobs),
  ["plan", plannerJobs],
]);

const usage = `usage: npm run bench -- [--config ${[...jobs.keys()].join("|")}] [--backend onnx/cpu] [--threads 2] [--repeats 20] [--json] [--record]`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      config: { type: "string", default: "base" },
      backend: { type: "string", default: "onnx/cpu" },
      threads: { type: "string", default: "2" },
      repeats: { type: "string", default: "20" },
      json: { type: "boolean", default: false },
      record: { type: "boolean", default: false },
    },
  });
  const prepareAll = jobs.get(values.config);
  const [threads, repeats] = [Number(values.threads), Number(values.repeats)];
  if (
    prepareAll === undefined ||
    !(Number.isInteger(threads) && threads > 0 && Number.isInteger(repeats) && repeats > 0)
  ) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const backend = await openBackend(values.backend, threads);
  const results: Record<string, string | number> = { config: values.config, backend: values.backend, threads };
  for (const prepare of prepareAll(backend, repeats)) {
    const job = prepare();
    results[job.name] = await medianMilliseconds(job);
    await job.dispose();
  }
  await backend.dispose();
  if (values.record) {
    const { config: _config, backend: _backend, threads: _threads, ...medians } = results;
    recordBench(values.backend, values.config, medians as Record<string, number>);
  }
  const line = (name: string, value: string | number): string =>
    `${name.padEnd(21)} ${typeof value === "number" && name !== "threads" ? value.toFixed(3) : value}`;
  const text = values.json
    ? JSON.stringify(results)
    : Object.entries(results)
        .map(([name, value]) => line(name, value))
        .join("\n");
  process.stdout.write(`${text}\n`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if ((error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS")) {
    process.stderr.write(`${(error as Error).message}\n${usage}\n`);
    process.exitCode = 2;
  } else {
    throw error;
  }
}
