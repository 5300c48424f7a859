/**
 * What rematerialisation saves and costs: a training step of a transformer of 12 layers, with it and without, each in a
 * process of its own, in turn. `npm run bench:rematerialize`
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { trainStream } from "@diffusion-forcing/core/training";
import { median } from "simple-statistics";
import { benchDiffusion, normalTensor } from "./jobs.js";

const config = { width: 128, layers: 12, heads: 4, feedForward: 512, tokens: 60, features: 20, batch: 64 };
const steps = 9;
const rounds = 3;

interface Outcome {
  /** Most memory of the process during training, less what it had before, in MiB. */
  readonly megabytes: number;
  readonly milliseconds: number;
}

async function measured(rematerialize: boolean): Promise<Outcome> {
  const backend = await onnxBackend();
  const tokens = normalTensor(1, [config.batch, config.tokens, config.features]);
  const before = memory("VmRSS");
  const times: number[] = [];
  const options = { backend, batches: () => ({ tokens }), steps, maxGradNorm: false, emaDecay: false } as const;
  let last = performance.now();
  for await (const _ of trainStream(benchDiffusion(config), { ...options, rematerialize })) {
    times.push(performance.now() - last);
    last = performance.now();
  }
  await backend.dispose();
  return { megabytes: memory("VmHWM") - before, milliseconds: median(times.slice(2)) };
}

/** A line of Linux's account of this process, in MiB. */
function memory(field: string): number {
  const line = readFileSync("/proc/self/status", "utf8").match(new RegExp(`${field}:\\s+(\\d+)`));
  return Number(line?.[1]) / 1024;
}

if (process.argv[2] === "--one") {
  console.log(JSON.stringify(await measured(process.argv[3] === "true")));
} else {
  const found = { true: [] as Outcome[], false: [] as Outcome[] };
  const self = [...process.execArgv, fileURLToPath(import.meta.url), "--one"];
  for (let round = 0; round < rounds; round++) {
    for (const name of ["false", "true"] as const) {
      found[name].push(JSON.parse(execFileSync(process.execPath, [...self, name], { encoding: "utf8" })));
    }
  }
  const of = (name: "true" | "false", field: keyof Outcome) => median(found[name].map((one) => one[field]));
  for (const name of ["false", "true"] as const) {
    const [megabytes, milliseconds] = [of(name, "megabytes"), of(name, "milliseconds")];
    console.log(`rematerialize ${name}: ${megabytes.toFixed(0)} MiB, ${milliseconds.toFixed(0)} ms a step`);
  }
  const ratio = (field: keyof Outcome) => (of("true", field) / of("false", field)).toFixed(2);
  console.log(`memory ${ratio("megabytes")}, time ${ratio("milliseconds")}`);
}
