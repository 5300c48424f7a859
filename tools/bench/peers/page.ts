/// <reference lib="dom" />
/** The race in a page: `?config=base&repeats=20&warmup=3&jax=threads`. */
import { onnxProvider } from "@diffusion-forcing/backend-onnx";
import { tfjsProvider } from "@diffusion-forcing/backend-tfjs";
import { report } from "../../browser/apps/report.js";
import { type BenchConfig, benchConfigs } from "../configs.js";
import { jaxContender, libraryContender } from "./contenders.js";
import { race } from "./race.js";

report(async () => {
  const query = new URLSearchParams(location.search);
  const config = benchConfigs[query.get("config") ?? ""] as BenchConfig;
  const contenders = {
    "onnx wasm": await libraryContender(onnxProvider, "wasm", config),
    "tfjs wasm": await libraryContender(tfjsProvider, "wasm", config),
  };
  const hasThreads = query.get("jax") === "threads";
  // jax-js starts threads where there are workers, also where they only cost it time. The others have theirs by now.
  if (!hasThreads) Reflect.deleteProperty(globalThis, "Worker");
  const all = {
    ...contenders,
    [hasThreads ? "jax-js wasm" : "jax-js wasm, one thread"]: await jaxContender(config),
  };
  const timings = await race(all, { warmup: Number(query.get("warmup")), repeats: Number(query.get("repeats")) });
  for (const contender of Object.values(all)) await contender.dispose();
  return timings;
});
