import { describe, expect, it } from "vitest";
import type { Executable } from "../engine/backend/contract.js";
import type { DeviceTensor, HostTensor, Tensor } from "../engine/tensor/tensor.js";
import { tensor } from "../engine/tensor/tensor.js";
import { LoopingTensors, takeScalar } from "./looping-tensors.js";

/** Adds `by` to `a`, and notes what it was given; what it puts out is what `place` makes of it. */
function adding(place: (value: HostTensor) => Tensor = (value) => value) {
  const runs: { inputs: Record<string, number>; reuse: Record<string, number> }[] = [];
  const numbers = (record: Readonly<Record<string, Tensor>>) =>
    Object.fromEntries(
      Object.entries(record).map(([name, value]) => [name, "data" in value ? (value.data[0] as number) : -1]),
    );
  const executable: Executable = {
    run: async (inputs, options) => {
      runs.push({ inputs: numbers(inputs), reuse: numbers((options?.reuse ?? {}) as Record<string, Tensor>) });
      const { a, by } = runs.at(-1)!.inputs as { a: number; by: number };
      return { a: place(tensor([a + by])), twice: place(tensor([2 * a], [])) };
    },
    dispose: () => {},
  };
  return { executable, runs };
}

describe("LoopingTensors", () => {
  it("feeds a run what the last one gave, hands out the rest, and lends two sets of buffers in turn", async () => {
    const { executable, runs } = adding();
    const looping = new LoopingTensors({ a: tensor([1]) });
    const rest = [];
    for (const by of [10, 100, 1000]) {
      const { twice, ...others } = await looping.advance(executable, { by: tensor([by]) });
      expect(others).toEqual({});
      rest.push(await takeScalar(twice!));
    }
    expect(rest).toEqual([2, 22, 222]);
    expect(runs).toEqual([
      { inputs: { a: 1, by: 10 }, reuse: {} },
      { inputs: { a: 11, by: 100 }, reuse: { a: 1 } },
      { inputs: { a: 111, by: 1000 }, reuse: { a: 11 } },
    ]);
    expect(looping.current).toEqual({ a: tensor([1111]) });
    expect(await looping.read()).toEqual({ a: tensor([1111]) });
    expect(await looping.read([])).toEqual({});
  });

  it("frees what lies on a device once it is replaced, and the last in the end", async () => {
    const alive = new Set<number>();
    const onDevice = (value: HostTensor): DeviceTensor => {
      const number = value.data[0] as number;
      alive.add(number);
      return {
        ...{ dtype: value.dtype, shape: value.shape, device: "test", read: async () => value },
        dispose: () => void alive.delete(number),
      };
    };
    const { executable, runs } = adding(onDevice);
    const looping = new LoopingTensors({ a: tensor([1]) });
    expect(await takeScalar((await looping.advance(executable, { by: tensor([10]) })).twice!)).toBe(2);
    expect([...alive]).toEqual([11]);
    expect(await looping.read(["a"])).toEqual({ a: tensor([11]) });
    await looping.advance(executable, { by: tensor([5]) });
    expect([...alive].sort()).toEqual([-2, 4]);
    expect(runs[1]).toEqual({ inputs: { a: -1, by: 5 }, reuse: { a: 1 } });
    looping.dispose();
    expect([...alive]).toEqual([-2]);
  });
});
