/**
 * Training steps in WebAssembly, in one page of Chromium, in turns: this library on ONNX Runtime, on TensorFlow.js,
 * and the same network written in jax-js, once with its threads and once without. Prints medians and ratios. `npm run bench:wasm -- --config small`
 */
import { parseArgs } from "node:util";
import { servePage } from "../../browser/serve-page.js";
import { launchChromium, visit } from "../../browser/visit.js";
import { recordRace } from "../../figures/record.js";
import { benchConfigs } from "../configs.js";
import type { Timing } from "./race.js";

const { values } = parseArgs({
  options: {
    config: { type: "string", multiple: true, default: ["small", "base"] },
    repeats: { type: "string", default: "20" },
    warmup: { type: "string", default: "3" },
    /** Denies the page shared memory, and with it threads. */
    "single-thread": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    /** Keeps the figures for `npm run figures`. */
    record: { type: "boolean", default: false },
  },
});
for (const name of values.config) {
  if (!Object.hasOwn(benchConfigs, name)) {
    throw new Error(`There is no configuration "${name}"; expected ${Object.keys(benchConfigs).join(", ")}.`);
  }
}

const server = await servePage("tools/bench/peers/page.ts", { isolated: !values["single-thread"] });
const browser = await launchChromium();
try {
  const races = values.config.flatMap((config) => ["threads", "one"].map((jax) => ({ config, jax })));
  for (const { config, jax } of races) {
    const query = new URLSearchParams({ config, jax, repeats: values.repeats, warmup: values.warmup });
    const timings = (await visit(browser, `${server.origin}/?${query}`, { timeout: 600_000 })) as Timing[];
    const ours = timings[0] as Timing;
    if (values.record) recordRace(config, timings);
    if (values.json) {
      console.log(JSON.stringify({ config, timings }));
      continue;
    }
    console.log(`${config}: training step, median of ${values.repeats}`);
    for (const { name, median, loss } of timings) {
      const ratio = `${(median / ours.median).toFixed(2)} x ${ours.name}`;
      console.log(`  ${name.padEnd(24)} ${median.toFixed(2).padStart(9)} ms   ${ratio}   (loss ${loss.toFixed(4)})`);
    }
  }
} finally {
  await browser.close();
  await server.close();
}
