/** What benchmarks measured, as JSON in `docs/figures`, from which `npm run figures` writes the page. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const folder = "docs/figures";

/** Lowest and highest of all runs recorded. */
export type Range = readonly [number, number];

/** Medians in milliseconds, by backend and device ("onnx/cpu"), configuration and job. */
export type BenchRecord = Readonly<Record<string, BenchRows>>;
export type BenchRows = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** By configuration and contender: milliseconds of this library on ONNX Runtime, and how many times that others take. */
export type WasmRecord = Readonly<
  Record<string, Readonly<Record<string, { readonly milliseconds?: Range; readonly times?: Range }>>>
>;

export function readRecord<T>(name: string): T {
  const path = `${folder}/${name}.json`;
  return (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {}) as T;
}

function write(name: string, record: object): void {
  writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(record, null, 2)}\n`);
}

/** A run of `npm run bench` in place of the last one of that device and configuration. */
export function withBench(
  record: BenchRecord,
  device: string,
  config: string,
  medians: Readonly<Record<string, number>>,
): BenchRecord {
  const rounded = Object.fromEntries(Object.entries(medians).map(([job, time]) => [job, Number(time.toPrecision(3))]));
  return { ...record, [device]: { ...record[device], [config]: rounded } };
}

/** Keeps a run of `npm run bench`. */
export function recordBench(device: string, config: string, medians: Readonly<Record<string, number>>): void {
  write("bench", withBench(readRecord<BenchRecord>("bench"), device, config, medians));
}

const widened = (range: Range | undefined, value: number): Range =>
  range === undefined ? [value, value] : [Math.min(range[0], value), Math.max(range[1], value)];

/** Widens what is recorded by another race; the first contender is ours on ONNX Runtime. */
export function withRace(
  record: WasmRecord,
  config: string,
  timings: readonly { readonly name: string; readonly median: number }[],
): WasmRecord {
  const before = record[config] ?? {};
  const ours = timings[0]?.median as number;
  const row = timings.map(({ name, median }, i) => {
    const round = (value: number): number => Number(value.toPrecision(2));
    const entry =
      i === 0
        ? { milliseconds: widened(before[name]?.milliseconds, Number(median.toPrecision(3))) }
        : { times: widened(before[name]?.times, round(median / ours)) };
    return [name, entry];
  });
  return { ...record, [config]: { ...before, ...Object.fromEntries(row) } };
}

/** Keeps a race of `npm run bench:wasm` besides the earlier ones; remove `docs/figures/wasm.json` to begin anew. */
export function recordRace(config: string, timings: Parameters<typeof withRace>[2]): void {
  write("wasm", withRace(readRecord<WasmRecord>("wasm"), config, timings));
}
