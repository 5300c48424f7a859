/**
 * Gives everything that reads files, configurations and options hundreds of thousands of mutated ones, and fails if an
 * error of another class gets out, if reading one takes more than two seconds of processor time, or more memory than
 * four times the input and 64 MB.
 *
 *     npm run fuzz -- --inputs 200000 --seed 1
 *     npm run fuzz -- --only 4711           that one input again
 *     npm run fuzz -- --target safetensors  those targets only (numbers of inputs then differ)
 */
import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createRandom } from "@diffusion-forcing/core";
import { markdownTable } from "markdown-table";
import type { Finding, Job, Message } from "./child.js";
import { processorSeconds } from "./processor-time.js";
import type { Target } from "./target.js";
import { targets } from "./targets.js";

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "200000" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    target: { type: "string", default: "" },
  },
});

const chosen = targets.filter(({ name }) => name.includes(values.target));
if (chosen.length === 0) {
  throw new Error(
    `No target's name contains "${values.target}"; there are ${targets.map(({ name }) => name).join(", ")}.`,
  );
}

/** When a process is given up, in seconds: of processor time, as others use this machine too, and of waiting for nothing. */
const patience = { processor: 30, wall: 600 };

const counts = new Map<string, number>();
const findings = new Map<string, Finding>();

const folder = mkdtempSync(join(tmpdir(), "fuzz-"));
const current = join(folder, "current");
const readCurrent = (): number => Number(readFileSync(current, "utf8"));

/** Reads inputs from..to in a process of their own; the number of the first that was not read. */
function readSome(job: Job): Promise<number> {
  writeFileSync(current, String(job.from));
  return new Promise((resolve) => {
    const child = fork(new URL("./child.ts", import.meta.url), {
      execArgv: [...process.execArgv, "--max-old-space-size=2048"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let [seen, since, used, told, lost] = [-1, performance.now(), 0, "", "ends the process"];
    child.stderr?.on("data", (data: Buffer) => {
      told = `${told}${data}`.slice(-2000);
    });
    const watch = setInterval(() => {
      const index = readCurrent();
      const now = processorSeconds(child.pid);
      if (index !== seen) [seen, since, used] = [index, performance.now(), now];
      if (now - used < patience.processor && performance.now() - since < patience.wall * 1000) return;
      lost = `takes more than ${patience.processor} s of processor time, or waits for ever`;
      child.kill("SIGKILL");
    }, 500);
    child.on("message", (message: Message) => {
      if ("finding" in message) report(message.finding);
      else for (const [key, count] of Object.entries(message.counted)) counts.set(key, (counts.get(key) ?? 0) + count);
    });
    child.on("exit", (code) => {
      clearInterval(watch);
      if (code === 0) return resolve(job.to);
      const index = readCurrent();
      const target = chosen[index % chosen.length] as Target;
      const { edits } = target.draw(createRandom(job.seed).split(index));
      report({ index, target: target.name, fault: lost, detail: told, edits });
      resolve(index + 1);
    });
    child.send(job);
  });
}

function report(finding: Finding): void {
  const key = `${finding.target}: ${finding.fault}`;
  if (findings.has(key)) return;
  findings.set(key, finding);
  console.log(`FAULT input ${finding.index} of seed ${values.seed}, ${key} ${finding.detail}`);
  for (const edit of finding.edits) console.log(`      ${edit}`);
}

const from = values.only === undefined ? 0 : Number(values.only);
const to = values.only === undefined ? Number(values.inputs) : from + 1;
/** So many lost processes say enough. */
let lives = 50;
let next = from;
for (; next < to && lives > 0; lives--) {
  next = await readSome({ seed: Number(values.seed), from: next, to, filter: values.target, current });
}
rmSync(folder, { recursive: true });

const rows = [...counts]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([key, count]) => [...key.split(": "), String(count)]);
console.log(markdownTable([["target", "outcome", "inputs"], ...rows], { align: ["l", "l", "r"] }));
console.log(
  `${next - from} inputs, ${findings.size} kinds of faults. Again: npm run fuzz -- --seed ${values.seed} --only NUMBER`,
);
process.exitCode = findings.size === 0 ? 0 : 1;
