/**
 * Shows that an app with this library reaches a browser: `npm run bundle`. Sizes of our own code, which must stay
 * under a limit; then the same app bundled by esbuild, by Vite, and not at all, opened in Chromium under a strict
 * content security policy, with and without isolation, in a page and in a worker, training and sampling.
 */
import { resolve } from "node:path";
import { referenceProvider } from "@diffusion-forcing/core/backend";
import type { Browser } from "playwright";
import { runtimeImports } from "../browser/runtime-imports.js";
import { isolationHeaders } from "../browser/serve.js";
import { launchChromium, visit } from "../browser/visit.js";
import { type Exercise, exercise } from "./apps/exercise.js";
import {
  apps,
  type Delivery,
  esbuildDelivery,
  importMapDelivery,
  viteDelivery,
  viteServerDelivery,
  writeProject,
} from "./sites.js";
import { measure, sizeLimit } from "./sizes.js";

const project = resolve("out/bundle");
const onnxRuntime = "node_modules/onnxruntime-web/dist";

/** Files that a bundler without a loader for them leaves to the user to copy beside the bundle. */
const assets = {
  "ort-wasm-simd-threaded.wasm": `${onnxRuntime}/ort-wasm-simd-threaded.wasm`,
  "ort-wasm-simd-threaded.asyncify.wasm": `${onnxRuntime}/ort-wasm-simd-threaded.asyncify.wasm`,
};

const library = "/project/node_modules/@diffusion-forcing";
const importMap: Readonly<Record<string, string>> = {
  "@diffusion-forcing/core": `${library}/core/dist/index.js`,
  "@diffusion-forcing/core/backend": `${library}/core/dist/entries/backend.js`,
  "@diffusion-forcing/core/graph": `${library}/core/dist/entries/graph.js`,
  "@diffusion-forcing/backend-onnx": `${library}/backend-onnx/dist/web/index.js`,
  "@diffusion-forcing/backend-tfjs": `${library}/backend-tfjs/dist/web/index.js`,
  "@noble/hashes/": "/node_modules/@noble/hashes/",
  pbf: "/node_modules/pbf/index.js",
  valibot: "/node_modules/valibot/dist/index.mjs",
  // What TensorFlow.js's WebAssembly engine imports, and asks only in Node.
  ...Object.fromEntries(["fs", "os", "path", "perf_hooks"].map((name) => [name, "/empty.js"])),
  ...runtimeImports,
};

interface Visit {
  readonly app: string;
  readonly device: string;
  readonly worker: boolean;
}

function visitsOf({ workers }: Delivery): Visit[] {
  const places = workers ? [false, true] : [false];
  return Object.entries(apps).flatMap(([app, devices]) =>
    devices.flatMap((device) => places.map((worker) => ({ app, device, worker }))),
  );
}

/** The worst relative difference of losses and sample. */
function difference(actual: Exercise, expected: Exercise): number {
  const both = [actual, expected].map(({ losses, sample }) => [...losses, ...sample]) as [number[], number[]];
  if (both[0].length !== both[1].length) return Number.POSITIVE_INFINITY;
  return Math.max(...both[0].map((value, i) => Math.abs(value - both[1][i]!) / (1 + Math.abs(both[1][i]!))));
}

const tolerance = 1e-3;

/** Milliseconds for a page: without a GPU, each compiles some seventy shaders on a processor that others use too. */
const timeout = 300_000;

/** TensorFlow.js starts its threads from blobs; nothing else needs them. */
const startsFromBlobs = ({ app, device }: Visit, isolated: boolean): boolean =>
  isolated && app === "tfjs" && device === "wasm";

function policy(scriptSources: readonly string[], blobs: boolean): string {
  const own = ["'self'", ...(blobs ? ["blob:"] : [])].join(" ");
  const scripts = [own, "'wasm-unsafe-eval'", ...scriptSources].join(" ");
  return `default-src 'self'; script-src ${scripts}; worker-src ${own}; object-src 'none'; base-uri 'none'`;
}

/**
 * Serves a delivery under its policy and opens every page of it, in each browser one at a time; the number of failures.
 */
async function tryDelivery(
  browsers: readonly Browser[],
  delivery: Delivery,
  expected: Exercise,
  filter: string,
): Promise<number> {
  let failures = 0;
  for (const { isolated, blobs } of delivery.servings) {
    const headers = {
      "Content-Security-Policy": policy(delivery.scriptSources, blobs),
      ...(isolated ? isolationHeaders : {}),
    };
    const server = await delivery.serve(headers);
    const tryVisit = async (browser: Browser, { app, device, worker }: Visit): Promise<void> => {
      const place = `${worker ? "worker" : "page"}${isolated ? ", isolated" : ""}`;
      const name = `${delivery.name}: ${app} ${device} in a ${place}`;
      if (!name.includes(filter)) return;
      try {
        const url = `${server.origin}/${app}.html?device=${device}${worker ? "&worker" : ""}`;
        const actual = (await visit(browser, url, { timeout })) as Exercise;
        const worst = difference(actual, expected);
        const sound = worst < tolerance && actual.isolated === isolated;
        console.log(`${sound ? "ok    " : "WRONG "} ${name}: differs by ${worst.toExponential(1)}`);
        if (!sound) failures++;
      } catch (error) {
        failures++;
        console.log(`FAILED ${name}\n  ${(error as Error).message}`);
      }
    };
    // All browsers draw from one queue.
    const visits = visitsOf(delivery)
      .filter((tried) => startsFromBlobs(tried, isolated) === blobs)
      .values();
    await Promise.all(
      browsers.map(async (browser) => {
        for (const next of visits) await tryVisit(browser, next);
      }),
    );
    await server.close();
  }
  return failures;
}

async function main(filter: string): Promise<number> {
  let failures = 0;
  writeProject(project);
  for (const app of Object.keys(apps)) {
    const { gzipped, minified } = await measure(app, `${project}/tools/bundle/apps/${app}.js`);
    const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
    const fits = gzipped <= sizeLimit;
    console.log(
      `${fits ? "ok    " : "TOO BIG"} app "${app}", all but its runtime: ${kilobytes(gzipped)} gzip, ` +
        `${kilobytes(minified)} minified; limit ${kilobytes(sizeLimit)} gzip`,
    );
    if (!fits) failures++;
  }
  const expected = await exercise(referenceProvider, "cpu");
  // Two, because a page on WebGPU without a GPU waits for one thread that compiles shaders.
  const browsers = await Promise.all([launchChromium(), launchChromium()]);
  try {
    const deliveries = [
      () => esbuildDelivery(project, assets),
      () => viteDelivery(project, { compress: true }),
      () => viteDelivery(project, { compress: false }),
      async () => viteServerDelivery(project),
      async () => importMapDelivery(project, importMap),
    ];
    for (const deliver of deliveries) failures += await tryDelivery(browsers, await deliver(), expected, filter);
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
  }
  if (failures > 0) console.log(`${failures} failures.`);
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv[2] ?? "");
