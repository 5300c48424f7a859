/**
 * Measures what the site promises, on this machine as it is, in Chromium and WebAssembly:
 *
 *     npm run docs:measure                 all of it, on the built site
 *     npm run docs:measure -- maze dream   some: landing, maze, dream, memory, lighthouse
 *
 * `MINUTES` is how long memory is watched (5). Times depend on what else runs: the load is printed with them.
 */
import { execFile } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { linearRegression } from "simple-statistics";
import { launchChromium } from "../../../tools/browser/visit.js";
import { findChromium, memoryArguments } from "../../../tools/test-devices/chromium.js";
import { Site, type Visit } from "../tests/visitor.js";

/** The last one that runs on Node 20. */
const LIGHTHOUSE = "lighthouse@12.8.2";
const minutes = Number(process.env.MINUTES ?? 5);

/** Seconds until the workers of a page have told of an event of this kind for the n-th time. */
async function secondsUntil(visit: Visit, kind: string, count: number, action: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await action();
  const told = ([wanted, least]: [string, number]): boolean =>
    (globalThis as unknown as { workerMessages: { event?: { kind?: string } }[] }).workerMessages.filter(
      ({ event }) => event?.kind === wanted,
    ).length >= least;
  await visit.page.waitForFunction(told, [kind, count] as [string, number], { timeout: 300_000, polling: 20 });
  return (performance.now() - began) / 1000;
}

async function landing(site: Site): Promise<string> {
  return await site.visiting(undefined, async (visit) => {
    const sizes: Promise<number>[] = [];
    visit.page.on("response", (response) => {
      sizes.push(
        response.body().then(
          (body) => gzipSync(body).length,
          () => 0,
        ),
      );
    });
    await visit.go("index.html");
    await visit.page.waitForTimeout(3000);
    const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    return `${sizes.length} files, ${(total / 1000).toFixed(0)} kB compressed before a demo starts (limit 200)`;
  });
}

async function maze(site: Site): Promise<string> {
  return await site.visiting("demos/maze.html?device=wasm", async (visit) => {
    const button = (name: string) => visit.page.getByRole("button", { name });
    const first = await secondsUntil(visit, "plan", 1, () => button("Plan and drive").click());
    const again: number[] = [];
    for (let i = 0; i < 5; i++) {
      await visit.says("was reached");
      const before = (await visit.events("plan")).length;
      await button("Other noise").click();
      again.push(await secondsUntil(visit, "plan", before + 1, () => button("Plan and drive").click()));
    }
    const list = again.sort((a, b) => a - b).map((seconds) => seconds.toFixed(2));
    return `first plan ${first.toFixed(1)} s after the click, runtime and model fetched (limit 10); further plans ${list.join(", ")} s (limit 1)`;
  });
}

/** As the page says. */
async function framesDreamt(visit: Visit): Promise<number> {
  return Number.parseInt((await visit.page.locator(".demo-status").textContent()) ?? "", 10);
}

async function dream(site: Site): Promise<string> {
  const rates: string[] = [];
  for (const steps of [10, 4]) {
    await site.visiting(`demos/dream.html?device=wasm&steps=${steps}`, async (visit) => {
      await secondsUntil(visit, "frame", 5, () => visit.page.getByRole("button", { name: "Dream" }).click());
      const before = await framesDreamt(visit);
      await visit.page.waitForTimeout(20_000);
      const frames = (await framesDreamt(visit)) - before;
      rates.push(`${(frames / 20).toFixed(1)} frames a second at ${steps} steps`);
    });
  }
  return `${rates.join(", ")} (10 is the demo's own; limit 5), 32 by 32`;
}

async function memory(): Promise<string> {
  const site = await Site.open({ browser: await launchChromium(...memoryArguments) });
  try {
    return await site.visiting("demos/dream.html?device=wasm&steps=4", async (visit) => {
      // What tests keep of the workers' messages would grow.
      const forget = () =>
        visit.page.evaluate(() => {
          (globalThis as unknown as { workerMessages: unknown[] }).workerMessages.length = 0;
        });
      await secondsUntil(visit, "frame", 20, () => visit.page.getByRole("button", { name: "Dream" }).click());
      const seen: [number, number][] = [];
      const began = performance.now();
      let frames = "";
      while (performance.now() - began < minutes * 60_000) {
        await visit.page.waitForTimeout(10_000);
        await forget();
        const bytes = await visit.page.evaluate(async () => {
          const measured = await (
            performance as unknown as { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> }
          ).measureUserAgentSpecificMemory();
          return measured.bytes;
        });
        seen.push([(performance.now() - began) / 60_000, bytes / 1e6]);
        frames = (await visit.page.locator(".demo-status").textContent()) ?? "";
      }
      // The first minute settles.
      const settled = seen.filter(([at]) => at > Math.min(1, minutes / 5));
      const { m, b } = linearRegression(settled);
      const worst = Math.max(...settled.map(([at, megabytes]) => Math.abs(megabytes - (b + m * at))));
      return `${frames}; ${seen.length} readings in ${minutes} minutes from ${seen[0]?.[1].toFixed(1)} to ${seen.at(-1)?.[1].toFixed(1)} MB, slope ${(1000 * m).toFixed(0)} kB a minute, at most ${worst.toFixed(2)} MB off the line`;
    });
  } finally {
    await site.close();
  }
}

async function lighthouse(site: Site): Promise<string> {
  const chrome = findChromium();
  const flags = ["--headless=new", "--no-sandbox", "--disable-quic", "--disable-background-networking"];
  const { stdout } = await promisify(execFile)(
    "npx",
    ["--yes", LIGHTHOUSE, site.address("index.html"), "--output=json", "--quiet", `--chrome-flags=${flags.join(" ")}`],
    { maxBuffer: 1e8, env: { ...process.env, ...(chrome === undefined ? {} : { CHROME_PATH: chrome }) } },
  );
  const { categories, audits } = JSON.parse(stdout) as {
    categories: Record<string, { title: string; score: number; auditRefs: { id: string; weight: number }[] }>;
    audits: Record<string, { title: string; score: number | null; displayValue?: string }>;
  };
  const scores = Object.values(categories).map(({ title, score }) => `${title} ${Math.round(100 * score)}`);
  const lost = Object.values(categories).flatMap(({ auditRefs }) =>
    auditRefs.flatMap(({ id, weight }) => {
      const { title, score, displayValue = "" } = audits[id] ?? { title: id, score: null };
      return weight > 0 && score !== null && score < 0.9 ? [`  ${title}: ${score} ${displayValue}`] : [];
    }),
  );
  return [`${scores.join(", ")} (limit 95)`, ...lost].join("\n");
}

const measures: Readonly<Record<string, (site: Site) => Promise<string>>> = {
  landing,
  maze,
  dream,
  memory,
  lighthouse,
};

process.chdir(join(import.meta.dirname, "../../.."));
const asked = process.argv.slice(2);
const unknown = asked.find((name) => measures[name] === undefined);
if (unknown !== undefined) throw new Error(`${unknown}: expected some of ${Object.keys(measures).join(", ")}.`);
const site = await Site.open({ compressed: true });
try {
  for (const [name, measure] of Object.entries(measures)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const found = await measure(site);
    console.log(`${name}: ${found}\n  load ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores`);
  }
} finally {
  await site.close();
}
