import { describe, expect, it } from "vitest";
import type { Executable } from "../engine/backend/contract.js";
import { isDiffusionForcingError } from "../engine/errors.js";
import { Executables } from "./executables.js";

/** Makes executables that note when they are disposed. */
function maker() {
  const disposed: string[] = [];
  const made: string[] = [];
  const make = (key: string) => async (): Promise<Executable> => {
    made.push(key);
    return { run: async () => ({}), dispose: () => void disposed.push(key) };
  };
  return { make, made, disposed };
}
const nothing = async (): Promise<void> => {};
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe("Executables", () => {
  it("frees the least recently used one when there is no room", async () => {
    const { make, made, disposed } = maker();
    const kept = new Executables(2);
    for (const key of ["a", "b", "a", "c", "a", "b"]) await kept.with(key, make(key), nothing);
    await settled();
    // c pushed b out, which a was used after; b then c.
    expect(made).toEqual(["a", "b", "c", "b"]);
    expect(disposed).toEqual(["b", "c"]);
  });

  it("frees none that is in use, however many there are", async () => {
    const { make, disposed } = maker();
    const kept = new Executables(1);
    let finish = nothing as () => void;
    const running = kept.with("a", make("a"), () => new Promise<void>((resolve) => (finish = resolve)));
    await settled();
    await kept.with("b", make("b"), nothing);
    await kept.with("c", make("c"), nothing);
    await settled();
    expect(disposed).toEqual(["b"]);
    finish();
    await running;
    await kept.with("d", make("d"), nothing);
    await settled();
    expect([...disposed].sort()).toEqual(["a", "b", "c"]);
  });

  it("compiles once for uses at the same time, and forgets what failed", async () => {
    const { make, made } = maker();
    const kept = new Executables(2);
    await Promise.all([1, 2, 3].map(() => kept.with("a", make("a"), nothing)));
    expect(made).toEqual(["a"]);
    const failing = () => Promise.reject(new Error("out of memory"));
    await expect(kept.with("b", failing, nothing)).rejects.toThrow("out of memory");
    await kept.with("b", make("b"), nothing);
    expect(made).toEqual(["a", "b"]);
  });

  it("frees all in the end, and makes no more", async () => {
    const { make, disposed } = maker();
    const kept = new Executables(3);
    for (const key of ["a", "b"]) await kept.with(key, make(key), nothing);
    await kept.dispose();
    expect(disposed).toEqual(["a", "b"]);
    const failure = await kept.with("a", make("a"), nothing).catch((error: unknown) => error);
    expect(isDiffusionForcingError(failure, "disposed")).toBe(true);
  });
});
