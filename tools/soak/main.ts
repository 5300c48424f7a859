/**
 * Runs 2,000 training and 2,000 sampling steps and prints how much the resident size grew after the first 100 of
 * each; fails above 5 %. `npm run soak`
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { benchConfigs } from "../bench/configs.js";
import { benchJobs, type Job } from "../bench/jobs.js";

const settled = 100;
const counted = 2000;
const limit = 0.05;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function residentBytes(): number {
  collectGarbage();
  return process.memoryUsage().rss;
}

async function growth(job: Job): Promise<number> {
  for (let i = 0; i < settled; i++) await job.run();
  const before = residentBytes();
  for (let i = 0; i < counted; i++) await job.run();
  return residentBytes() / before - 1;
}

const backend = await onnxBackend({ threads: 2 });
const jobs = benchJobs(benchConfigs.small as (typeof benchConfigs)[string], backend, 1).map((prepare) => prepare());
for (const name of ["train_step", "denoise_step"]) {
  const job = jobs.find((candidate) => candidate.name === name) as Job;
  const grown = await growth(job);
  process.stdout.write(`${name}: resident size grew by ${(100 * grown).toFixed(2)} % over ${counted} steps\n`);
  if (grown > limit) process.exitCode = 1;
}
for (const job of jobs) await job.dispose();
await backend.dispose();
