import { check } from "../check.js";
import { DiffusionForcingError } from "../errors.js";
import { checkGraph, type Graph } from "../graph/graph.js";
import { hashGraph } from "../graph/hash.js";
import { bakeConstants } from "../graph/passes/bake.js";
import { backendSchema } from "./backend-schema.js";
import { compileOptions } from "./compile-options.js";
import type { Backend, CompileOptions, Executable } from "./contract.js";

interface Entry {
  readonly executable: Promise<Executable>;
  users: number;
}

/**
 * A backend that compiles equal graphs with equal constants once: its executables share the native one, which is
 * freed when the last of them is disposed. Compiles of one graph at the same time share one compilation; a failed
 * one is forgotten, so that the next call tries again. Owns `backend`: disposing the result disposes it.
 */
export function cachedBackend(backend: Backend): Backend {
  check("cachedBackend", backendSchema, backend);
  const entries = new Map<string, Entry>();
  let disposed = false;

  async function compile(graph: Graph, options?: CompileOptions): Promise<Executable> {
    if (disposed)
      throw new DiffusionForcingError("disposed", "compile: this backend has been disposed; create a new one.");
    checkGraph("compile", graph);
    const { constants, brief } = compileOptions(options);
    const baked = hashGraph(bakeConstants(graph, constants));
    const key = brief ? `brief ${baked}` : baked;
    const entry = entries.get(key) ?? { executable: backend.compile(graph, options), users: 0 };
    entries.set(key, entry);
    entry.users++;
    try {
      const executable = await entry.executable;
      return shared(executable, () => {
        if (--entry.users > 0) return;
        entries.delete(key);
        executable.dispose();
      });
    } catch (error) {
      if (entries.get(key) === entry) entries.delete(key);
      throw error;
    }
  }

  async function dispose(): Promise<void> {
    disposed = true;
    const compiled = await Promise.allSettled([...entries.values()].map((entry) => entry.executable));
    entries.clear();
    for (const result of compiled) if (result.status === "fulfilled") result.value.dispose();
    await backend.dispose();
  }

  const { specVersion, name, device, capabilities, version } = backend;
  return { specVersion, name, device, capabilities, ...(version === undefined ? {} : { version }), compile, dispose };
}

/** One user's hold on an executable that others may use too. */
function shared(executable: Executable, release: () => void): Executable {
  let disposed = false;
  return {
    run: async (inputs, options) => {
      if (disposed)
        throw new DiffusionForcingError("disposed", "run: this executable has been disposed; compile again.");
      return executable.run(inputs, options);
    },
    dispose: () => {
      if (disposed) return;
      disposed = true;
      release();
    },
  };
}
