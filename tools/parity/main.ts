/**
 * Measures how far every device is from the reference and writes docs/parity.md: `npm run parity`. Devices that fail
 * get their reason into the table. Results are kept in out/parity, so that an interrupted run loses one device at
 * most and `--devices` measures some anew.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { referenceBackend } from "@diffusion-forcing/core";
import { launchChromium } from "../browser/visit.js";
import { breaches, compare, type Parity } from "./compare.js";
import { type ParityDevice, parityDevices, parseDevices } from "./devices.js";
import { type Measured, measure } from "./measure.js";
import { runDevice } from "./run-device.js";
import { formatParity, type Row } from "./table.js";

const folder = "out/parity";
const document = "docs/parity.md";
const usage = `usage: npm run parity -- [--devices all|${parityDevices.map(({ name }) => name).join(",")}] [--timeout 600]`;

type Result = { readonly measured: Measured; readonly machine: string } | { readonly reason: string };

async function kept(name: string): Promise<Result | undefined> {
  const text = await readFile(`${folder}/${name}.json`, "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Result);
}

async function keep(name: string, result: Result): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/${name}.json`, JSON.stringify(result));
}

const say = (text: string): unknown => process.stderr.write(`${text}\n`);

async function measureDevice(device: ParityDevice, timeout: number): Promise<Result> {
  try {
    const measured = await runDevice(device, (progress) => say(`  ${device.name}: ${progress}`), timeout);
    return { measured, machine: device.host === "node" ? `Node ${process.versions.node}` : await chromiumVersion() };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

async function chromiumVersion(): Promise<string> {
  const browser = await launchChromium();
  try {
    return `Chromium ${browser.version().split(".")[0]}`;
  } finally {
    await browser.close();
  }
}

async function rowsFrom(reference: Measured): Promise<Row[]> {
  const rows: Row[] = [];
  for (const device of parityDevices) {
    const result = await kept(device.name);
    if (result === undefined) rows.push({ device, reason: "not measured yet" });
    else if ("reason" in result) rows.push({ device, reason: result.reason });
    else rows.push({ device, parity: compare(result.measured, reference), machine: result.machine });
  }
  return rows;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      devices: { type: "string", default: "all" },
      timeout: { type: "string", default: "600" },
    },
  });
  const timeout = 1000 * Number(values.timeout);
  if (!(timeout > 0)) throw new RangeError(`--timeout is "${values.timeout}"; expected seconds.`);
  const devices = parseDevices(values.devices);
  say("reference");
  const reference = await measure(referenceBackend());
  for (const device of devices) {
    say(device.name);
    const result = await measureDevice(device, timeout);
    if ("reason" in result) say(`  ${device.name}: ${result.reason.split("\n")[0]}`);
    await keep(device.name, result);
    await writeFile(document, formatParity(await rowsFrom(reference), reference));
  }
  const broken = (await rowsFrom(reference))
    .filter((row): row is Row & { parity: Parity } => "parity" in row && devices.includes(row.device))
    .flatMap(({ device, parity }) => breaches(parity, reference).map((text) => `${device.name}: ${text}`));
  for (const line of broken) say(line);
  say(`${document} written; processor: ${cpus()[0]?.model.trim() ?? "unknown"}.`);
  return broken.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof RangeError) && !(error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS")) throw error;
  say(`${(error as Error).message}\n${usage}`);
  process.exitCode = 2;
}
