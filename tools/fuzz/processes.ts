/**
 * Runs the built `dforce` as a whole process over folders with mutated or strange files and with strange options, and fails for a
 * stack trace, an error that is not one line beginning with `error:`, an exit code other than 0, 1 or 2, a process that
 * hangs or that takes more memory than four times its input and 64 MB beyond what the command takes by itself, and for
 * an input that was changed.
 *
 *     npm run fuzz:cli -- --processes 500 --seed 1
 *     npm run fuzz:cli -- --only 47        that one again, its folder kept
 */
import { execFileSync, spawn } from "node:child_process";
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createRandom, type RandomStream } from "@diffusion-forcing/core";
import { limits } from "./judge.js";
import { byteEdit, jsonOf, valueEdit } from "./mutations.js";
import { layOutBase, preparations, type Scenario, scenarios } from "./scenarios.js";

const { values } = parseArgs({
  options: {
    processes: { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
  },
});
const seed = Number(values.seed);
const main = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "fuzz-cli-"));
const base = join(root, "base");

/** Seconds of processor time of a command that computes; others are held to what reading may take. */
const computing = 60;
/** Longest wall time, in milliseconds: others use this machine too. */
const patience = 600_000;

const strangeTexts = [
  "",
  " ",
  "-1",
  "0",
  "NaN",
  "1e400",
  "0x10",
  "٣",
  "\u0000",
  "../..",
  ".",
  "/dev/null",
  "/dev/zero",
  "/dev/full",
  "/proc/nothing",
  "x".repeat(5000),
  "--",
  "{}",
  "🚀",
];

/** What may stand in a file's place. */
const strangeFiles: Readonly<Record<string, (path: string) => void>> = {
  "nothing at all": () => {},
  "a folder": (path) => mkdirSync(path),
  "a pipe that nobody writes to": (path) => execFileSync("mkfifo", [path]),
  "a device that never ends": (path) => symlinkSync("/dev/zero", path),
  "a link to nothing": (path) => symlinkSync("nowhere", path),
  "a link to itself": (path) => symlinkSync(path, path),
};

interface Outcome {
  readonly code: number | null;
  readonly stderr: string;
  readonly hung: boolean;
  readonly seconds: number;
  readonly peak: number;
}

/** Reports what the process used when it ends. */
const meter = `data:text/javascript,${encodeURIComponent(`
  import { writeFileSync } from "node:fs";
  process.on("exit", () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    writeFileSync(process.env.FUZZ_USAGE, JSON.stringify({ seconds: (userCPUTime + systemCPUTime) / 1e6, peak: maxRSS * 1024 }));
  });
`)}`;

function run(folder: string, args: readonly string[]): Promise<Outcome> {
  const usage = `${folder}.usage.json`;
  const child = spawn(process.execPath, ["--import", meter, main, ...args], {
    cwd: folder,
    env: { ...process.env, FUZZ_USAGE: usage },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let [stderr, hung] = ["", false];
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-20_000);
  });
  const timer = setTimeout(() => {
    hung = true;
    child.kill("SIGKILL");
  }, patience);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      let used = { seconds: 0, peak: 0 };
      try {
        used = JSON.parse(readFileSync(usage, "utf8"));
      } catch {
        // Killed: its code says so.
      }
      resolve({ code, stderr, hung, ...used });
    });
  });
}

/** Makes the folder that every process gets a copy of. */
async function prepare(): Promise<void> {
  layOutBase(base);
  for (const args of preparations) {
    const { code, stderr } = await run(base, args);
    if (code !== 0) throw new Error(`dforce ${args.join(" ")} failed: ${stderr}`);
  }
}

interface Trial {
  readonly folder: string;
  readonly scenario: Scenario;
  readonly args: readonly string[];
  readonly edits: readonly string[];
}

/** Lays out the folder of a process and says how it was mutated. */
function layOut(index: number): Trial {
  const random = createRandom(seed).split(index);
  const folder = join(root, String(index));
  cpSync(base, folder, { recursive: true });
  const scenario = pick(random, scenarios);
  if (random.uniform() < 0.2) {
    const [args, label] = strangeArgs(random, scenario.args);
    return { folder, scenario, args, edits: [label] };
  }
  if (random.uniform() < 0.15) {
    const name = pick(random, scenario.files);
    const [label, put] = pick(random, Object.entries(strangeFiles));
    rmSync(join(folder, name), { force: true });
    put(join(folder, name));
    return { folder, scenario, args: scenario.args, edits: [`${name}: ${label}`] };
  }
  const edits: string[] = [];
  for (let count = random.uniform() < 0.7 ? 1 : 2; count > 0; count--) {
    const name = pick(random, scenario.files);
    edits.push(`${name}: ${mutate(random, join(folder, name))}`);
  }
  return { folder, scenario, args: scenario.args, edits };
}

function mutate(random: RandomStream, path: string): string {
  const bytes = readIfThere(path);
  const value = path.endsWith(".json") && random.uniform() < 0.6 ? valueIn(bytes) : undefined;
  if (value !== undefined) {
    const { label, apply } = valueEdit(random, value, false);
    writeFileSync(path, jsonOf(apply(value)));
    return label;
  }
  const { label, apply } = byteEdit(random, bytes.length);
  writeFileSync(path, apply(bytes));
  return label;
}

/** The value of a file of JSON; undefined where an earlier edit has left none. */
function valueIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function strangeArgs(random: RandomStream, args: readonly string[]): [args: string[], label: string] {
  const at = 1 + random.integer(0, args.length - 1);
  const text = pick(random, strangeTexts).replaceAll("\u0000", "\u0001");
  const changed = args.map((arg, index) => (index === at ? text : arg));
  return [changed, `argument ${at} is ${JSON.stringify(text.slice(0, 40))}`];
}

function readIfThere(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch {
    return new Uint8Array(0);
  }
}

const pick = <T>(random: RandomStream, items: readonly T[]): T => items[random.integer(0, items.length)] as T;

const sizeOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce(
    (sum, name) => sum + lstatSync(join(folder, name)).size,
    0,
  );

/** What is wrong with an outcome; undefined if nothing is. */
function faultOf(outcome: Outcome, usual: Outcome, { scenario, folder }: Trial): string | undefined {
  const { code, stderr, hung, seconds, peak } = outcome;
  if (hung) return `takes more than ${patience / 1000} s`;
  if (/^\s+at .*[:(]\S+:\d+|node:internal/m.test(stderr)) return "prints a stack trace";
  if (stderr.includes("[internal]")) return "fails in a way that nobody foresaw";
  if (code !== 0 && code !== 1 && code !== 2) return `exits with ${code}`;
  if (code !== 0 && !/(^|\n)error: /.test(stderr)) return "fails without a line that begins with error:";
  const allowed = usual.seconds + (scenario.computes ? computing : limits.seconds);
  if (seconds > allowed) return `takes ${seconds.toFixed(1)} s of processor time, ${allowed.toFixed(1)} s allowed`;
  const room = Math.max(usual.peak, peakOfHelp) + 4 * sizeOf(folder) + limits.spareBytes;
  if (!scenario.computes && peak > room)
    return `takes ${(peak / 1e6).toFixed(0)} MB, ${(room / 1e6).toFixed(0)} MB allowed`;
  return undefined;
}

await prepare();
const usual = new Map<string, Outcome>();
for (const { name, args } of scenarios) {
  const folder = join(root, "usual");
  cpSync(base, folder, { recursive: true });
  const outcome = await run(folder, args);
  if (outcome.code !== 0) throw new Error(`dforce ${args.join(" ")} fails by itself: ${outcome.stderr}`);
  usual.set(name, outcome);
  rmSync(folder, { recursive: true });
}
const peakOfHelp = Math.max(...[...usual.values()].map(({ peak }) => peak));

const from = values.only === undefined ? 0 : Number(values.only);
const to = values.only === undefined ? Number(values.processes) : from + 1;
const codes = new Map<string, number>();
let faults = 0;
for (let index = from; index < to; index++) {
  const trial = layOut(index);
  const outcome = await run(trial.folder, trial.args);
  const key = `${trial.scenario.name}: ${outcome.code}`;
  codes.set(key, (codes.get(key) ?? 0) + 1);
  const fault = faultOf(outcome, usual.get(trial.scenario.name) as Outcome, trial);
  if (fault !== undefined) {
    faults++;
    console.log(`FAULT process ${index} of seed ${seed}: dforce ${trial.args.join(" ").slice(0, 200)} ${fault}`);
    for (const edit of trial.edits) console.log(`      ${edit}`);
    console.log(`      ${outcome.stderr.trim().slice(0, 600).replaceAll("\n", "\n      ")}`);
  }
  if (values.only === undefined) rmSync(trial.folder, { recursive: true });
  else console.log(`${trial.folder}: ${JSON.stringify(outcome)}`);
  if ((index + 1) % 50 === 0) console.error(`${index + 1} of ${to} processes`);
}
if (values.only === undefined) rmSync(root, { recursive: true });
for (const [key, count] of [...codes].sort()) console.log(`${key.padEnd(30)} ${count}`);
console.log(`${to - from} processes, ${faults} faults. Again: npm run fuzz:cli -- --seed ${seed} --only NUMBER`);
process.exitCode = faults === 0 ? 0 : 1;
