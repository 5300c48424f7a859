import { describe, expect, it } from "vitest";
import type { Backend, Executable } from "../engine/backend/contract.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { referenceBackend } from "../engine/reference/index.js";
import type { HostTensor, Tensor } from "../engine/tensor/tensor.js";
import type { ConformanceOptions } from "./test-api.js";
import { testBackend } from "./test-backend.js";

/** Names of the checks that fail for a backend; `only` picks checks by name. */
async function failures(
  factory: () => Promise<Backend>,
  only: RegExp,
  options?: Pick<ConformanceOptions, "residentBytes">,
): Promise<string[]> {
  const checks: { name: string; body: () => Promise<void> }[] = [];
  const closing: (() => Promise<void>)[] = [];
  testBackend("broken", factory, {
    describe: (_name, body) => body(),
    it: (name, body) => checks.push({ name, body }),
    afterAll: (body) => closing.push(body),
    ...options,
  });
  const failed: string[] = [];
  for (const { name, body } of checks.filter((check) => only.test(check.name))) {
    await body().catch(() => failed.push(name));
  }
  for (const body of closing) await body().catch(() => undefined);
  return failed;
}

/** The reference backend with each executable replaced. */
function broken(replace: (executable: Executable) => Executable): () => Promise<Backend> {
  return async () => {
    const backend = referenceBackend();
    return { ...backend, compile: async (graph, options) => replace(await backend.compile(graph, options)) };
  };
}

const change = (map: (outputs: Record<string, Tensor>) => Record<string, Tensor>) =>
  broken((executable) => ({ ...executable, run: async (inputs) => map(await executable.run(inputs)) }));

describe("testBackend catches", () => {
  it("nothing in a sound backend", async () => {
    expect(await failures(async () => referenceBackend(), /softmax|device tensor|poison|AdamW/)).toEqual([]);
  });

  it("a device that is absent: every check fails, none is skipped", async () => {
    const absent = async () => {
      throw new DiffusionForcingError("backend-unavailable", "There is no such device.");
    };
    const failed = await failures(absent, /./);
    const names: string[] = [];
    testBackend("absent", absent, {
      describe: (_name, body) => body(),
      it: (name) => names.push(name),
      afterAll: () => undefined,
    });
    expect(failed).toEqual(names);
    expect(names.length).toBeGreaterThan(100);
  });

  it("a result that is wrong by 1e-3", async () => {
    const off = change((outputs) => {
      for (const output of Object.values(outputs)) {
        const { dtype, data } = output as HostTensor;
        if (dtype === "float32") data[data.length - 1]! += 1e-3;
      }
      return outputs;
    });
    const wrong = await failures(off, /^(tanh|matmul|linear|less|takes three SGD)/);
    expect(wrong).toEqual([
      "tanh float32 computes what the reference computes",
      "matmul float32 computes what the reference computes",
      "linear float32 computes what the reference computes",
      "tanh float32 has the derivative that finite differences show",
      "matmul float32 has the derivative that finite differences show",
      "linear float32 has the derivative that finite differences show",
      "takes three SGD steps",
    ]);
  });

  it("a bool result that is wrong, and a result of another shape", async () => {
    const flipped = change((outputs) => {
      for (const output of Object.values(outputs)) {
        const { dtype, data } = output as HostTensor;
        if (dtype === "bool") data[0] = 1 - data[0]!;
      }
      return outputs;
    });
    expect(await failures(flipped, /^less /)).toHaveLength(2);
    const flat = change((outputs) =>
      Object.fromEntries(
        Object.entries(outputs).map(([name, x]) => [name, { ...x, shape: [(x as HostTensor).data.length] }]),
      ),
    );
    expect(await failures(flat, /^neg .*reference/)).toHaveLength(2);
  });

  it("an executable that runs after it was disposed", async () => {
    const immortal = broken((executable) => ({ ...executable, dispose: () => {} }));
    expect(await failures(immortal, /disposes an executable/)).toHaveLength(1);
  });

  it("an executable that takes any inputs", async () => {
    const lax = broken((executable) => ({
      ...executable,
      run: (inputs) =>
        executable.run(inputs).catch(() => ({ y: { dtype: "float32", shape: [], data: Float32Array.of(0) } })),
    }));
    expect(await failures(lax, /refuses missing/)).toHaveLength(1);
  });

  it("a failed run that poisons the next", async () => {
    const poisoned = broken((executable) => {
      let queue: Promise<unknown> = Promise.resolve();
      return {
        ...executable,
        run: (inputs) => {
          const result = queue.then(() => executable.run(inputs));
          queue = result;
          return result;
        },
      };
    });
    expect(await failures(poisoned, /recovers from a failed run/)).toHaveLength(1);
  });

  it("an output that the next run overwrites", async () => {
    const recycled = broken((executable) => {
      const kept: Record<string, HostTensor> = {};
      return {
        ...executable,
        run: async (inputs) => {
          for (const [name, output] of Object.entries(await executable.run(inputs))) {
            kept[name] ??= output as HostTensor;
            kept[name].data.set((output as HostTensor).data);
          }
          return kept;
        },
      };
    });
    expect(await failures(recycled, /keeps a device tensor/)).toHaveLength(1);
  });

  it("runs that leave their outputs behind", async () => {
    let kept = 0;
    const leaking = change((outputs) => {
      for (const output of Object.values(outputs)) kept += (output as HostTensor).data.byteLength;
      return outputs;
    });
    expect(await failures(leaking, /without growing/, { residentBytes: () => kept })).toHaveLength(1);
    expect(await failures(leaking, /without growing/, { residentBytes: () => 0 })).toHaveLength(0);
  });
});
