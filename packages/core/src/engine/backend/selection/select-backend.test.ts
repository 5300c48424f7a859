import { describe, expect, it } from "vitest";
import { DiffusionForcingError } from "../../errors.js";
import * as ops from "../../graph/operations.js";
import { rewriteGraph } from "../../graph/passes/index.js";
import { referenceBackend } from "../../reference/index.js";
import type { Backend, BackendProvider } from "../contract.js";
import { selectBackend } from "./select-backend.js";

/** What happened to the backends of a test, in order: "open a", "dispose a". */
type Log = string[];

/** The reference backend under another name. */
function healthy(device: string, log: Log): Backend {
  const inner = referenceBackend();
  return {
    ...inner,
    name: "stand-in",
    device,
    dispose: async () => {
      log.push(`dispose ${device}`);
      await inner.dispose();
    },
  };
}

/** Wrong numbers, no error. */
function silentlyWrong(device: string, log: Log): Backend {
  const backend = healthy(device, log);
  const compile: Backend["compile"] = (graph, options) =>
    backend.compile(
      rewriteGraph(graph, (node) => (node.op === "concat" ? ops.mul(node, 2) : node)),
      options,
    );
  return { ...backend, compile };
}

type Open = (device: string, log: Log) => Backend | Promise<Backend>;

function standIn(devices: Readonly<Record<string, Open>>): { provider: BackendProvider; log: Log } {
  const log: Log = [];
  const provider: BackendProvider = {
    name: "stand-in",
    devices: Object.keys(devices),
    open: async (device) => {
      log.push(`open ${device}`);
      return (devices[device] as Open)(device, log);
    },
  };
  return { provider, log };
}

const missing: Open = () => {
  throw new DiffusionForcingError("missing-dependency", "it needs the package gizmo. Run: npm install gizmo");
};
const crashing: Open = () => Promise.reject(new TypeError("undefined is not a function"));
const never: Open = () => new Promise(() => undefined);

describe("selectBackend", () => {
  it("returns the first that works, tries nothing after it, and says why the ones before it were passed over", async () => {
    const { provider, log } = standIn({ a: missing, b: crashing, c: silentlyWrong, d: healthy, e: healthy });
    const { backend, passedOver } = await selectBackend({ from: [provider] });
    expect(backend.device).toBe("d");
    expect(log).toEqual(["open a", "open b", "open c", "dispose c", "open d"]);
    expect(passedOver).toEqual([
      {
        name: "stand-in",
        device: "a",
        code: "missing-dependency",
        reason: "it needs the package gizmo. Run: npm install gizmo",
      },
      { name: "stand-in", device: "b", code: "backend-failure", reason: "undefined is not a function" },
      {
        name: "stand-in",
        device: "c",
        code: "backend-failure",
        reason: expect.stringContaining(
          "stand-in (c) computes wrong numbers, relative to each output's largest: concat of many parts (by 100 %), concat of many parts, the state fed back (by 100 %); at most 0.2 % is rounding.",
        ),
      },
    ]);
    await backend.dispose();
  });

  it("keeps to the order of prefer and to what it names", async () => {
    const { provider, log } = standIn({ a: healthy, b: healthy, c: missing });
    const { backend, passedOver } = await selectBackend({ from: [provider], prefer: ["c", "stand-in/b"] });
    expect([backend.device, passedOver.length]).toEqual(["b", 1]);
    expect(log).toEqual(["open c", "open b"]);
  });

  it("opens nothing if an entry of prefer does not exist", async () => {
    const { provider, log } = standIn({ a: healthy });
    await expect(selectBackend({ from: [provider], prefer: ["a", "q"] })).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining('there is no backend or device "q"; expected some of stand-in/a'),
    });
    expect(log).toEqual([]);
  });

  it("lists every reason, and what was not asked for, when none works", async () => {
    const { provider } = standIn({ a: missing, b: crashing, c: healthy });
    await expect(selectBackend({ from: [provider], prefer: ["b", "a"] })).rejects.toMatchObject({
      code: "backend-unavailable",
      message: [
        "No backend works here:",
        "  stand-in/b: undefined is not a function",
        "  stand-in/a: it needs the package gizmo. Run: npm install gizmo",
        "Not asked for, and perhaps there: stand-in/c.",
      ].join("\n"),
    });
  });

  it("takes another probe, or none", async () => {
    const { provider, log } = standIn({ a: silentlyWrong, b: healthy });
    expect((await selectBackend({ from: [provider], probe: false })).backend.device).toBe("a");
    const picky = async ({ device }: Backend): Promise<void> => {
      if (device === "a") throw new Error("not this one");
    };
    const { backend, passedOver } = await selectBackend({ from: [provider], probe: picky });
    expect([backend.device, passedOver[0]?.reason]).toEqual(["b", "not this one"]);
    expect(log).toEqual(["open a", "open a", "dispose a", "open b"]);
  });

  it("passes over a backend of another version of the contract", async () => {
    const { provider, log } = standIn({ a: (device, its) => ({ ...healthy(device, its), specVersion: 2 as 1 }) });
    await expect(selectBackend({ from: [provider] })).rejects.toMatchObject({
      code: "backend-unavailable",
      message: expect.stringContaining('"stand-in" implements version 2 of the contract, this core version 1'),
    });
    expect(log).toEqual(["open a", "dispose a"]);
  });

  it("survives a backend that fails its probe and then its disposal", async () => {
    const { provider } = standIn({
      a: (device, log) => ({ ...silentlyWrong(device, log), dispose: () => Promise.reject(new Error("stuck")) }),
      b: healthy,
    });
    expect((await selectBackend({ from: [provider] })).backend.device).toBe("b");
  });
});

describe("selectBackend, aborted", () => {
  it("before it starts: opens nothing", async () => {
    const { provider, log } = standIn({ a: healthy });
    const selecting = selectBackend({ from: [provider], signal: AbortSignal.abort() });
    await expect(selecting).rejects.toMatchObject({ code: "aborted" });
    expect(log).toEqual([]);
  });

  it("while a device hangs: ends at once and tries no other", async () => {
    const { provider, log } = standIn({ a: missing, b: never, c: healthy });
    const controller = new AbortController();
    const selecting = selectBackend({ from: [provider], signal: controller.signal });
    setTimeout(() => controller.abort("enough"), 5);
    await expect(selecting).rejects.toMatchObject({ code: "aborted", cause: "enough" });
    expect(log).toEqual(["open a", "open b"]);
  });

  it("while a device opens: disposes it when it comes", async () => {
    let arrive = (_backend: Backend): void => undefined;
    const { provider, log } = standIn({
      a: () =>
        new Promise((resolve) => {
          arrive = resolve;
        }),
    });
    const controller = new AbortController();
    const selecting = selectBackend({ from: [provider], signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await expect(selecting).rejects.toMatchObject({ code: "aborted" });
    expect(log).toEqual(["open a"]);
    arrive(healthy("a", log));
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(log).toEqual(["open a", "dispose a"]);
  });

  it("while a device opens that then fails: leaves no unhandled rejection", async () => {
    const { provider } = standIn({
      a: () => new Promise((_resolve, reject) => setTimeout(() => reject(new Error("late")), 10)),
    });
    const selecting = selectBackend({ from: [provider], signal: AbortSignal.timeout(2) });
    await expect(selecting).rejects.toMatchObject({ code: "aborted" });
    // Vitest fails the run on an unhandled rejection.
    await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it("while a probe hangs: disposes the backend", async () => {
    const { provider, log } = standIn({ a: healthy });
    const controller = new AbortController();
    const probe = () => new Promise<void>(() => setTimeout(() => controller.abort(), 0));
    await expect(selectBackend({ from: [provider], signal: controller.signal, probe })).rejects.toMatchObject({
      code: "aborted",
    });
    expect(log).toEqual(["open a", "dispose a"]);
  });
});
