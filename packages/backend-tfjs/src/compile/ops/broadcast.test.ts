import { type Shape, sizeOf } from "@diffusion-forcing/core/graph";
import { describe, expect, it, vi } from "vitest";
import { openCpu } from "../../device/open-cpu.js";
import { Scope } from "../scope.js";
import { broadcastTo, joinedAxes, runBinary } from "./broadcast.js";

const { kernels } = await openCpu();
const scope = new Scope(kernels);

const upload = (values: readonly number[], shape: Shape) => scope.write(Float32Array.from(values), shape, "float32");

/** The shape of what `body` makes, its elements, and the kernels it took, reshapes apart. */
async function computed(body: () => ReturnType<typeof upload>) {
  const run = vi.spyOn(kernels, "run");
  const { shape, dataId } = body();
  const names = run.mock.calls.map(([name]) => name).filter((name) => name !== "Reshape");
  run.mockRestore();
  return { shape, data: Array.from(await kernels.native.read(dataId)), kernels: names.join(" ") };
}

describe("broadcastTo", () => {
  it("repeats the axes of size 1, neighbours at once", async () => {
    expect(await computed(() => broadcastTo(upload([1, 2], [2, 1]), [2, 3], scope))).toEqual({
      shape: [2, 3],
      data: [1, 1, 1, 2, 2, 2],
      kernels: "Tile",
    });
    expect(await computed(() => broadcastTo(upload([1, 2], [2]), [2, 2, 2], scope))).toEqual({
      shape: [2, 2, 2],
      data: [1, 2, 1, 2, 1, 2, 1, 2],
      kernels: "Tile",
    });
  });

  it("repeats axes with others between them one after the other", async () => {
    expect(await computed(() => broadcastTo(upload([1, 2], [1, 2, 1]), [2, 2, 2], scope))).toEqual({
      shape: [2, 2, 2],
      data: [1, 1, 2, 2, 1, 1, 2, 2],
      kernels: "Tile Tile",
    });
  });

  it("gives the tensor itself where nothing repeats", async () => {
    const x = upload([1, 2], [1, 2]);
    expect(broadcastTo(x, [1, 2], scope)).toBe(x);
  });
});

describe("joinedAxes", () => {
  it("joins neighbours along which both go the same way, and leaves out axes of size 1", () => {
    expect(joinedAxes([8, 4, 1, 3], [1, 3])).toEqual([
      [32, 3],
      [1, 3],
    ]);
    expect(joinedAxes([2, 3, 4], [2, 3, 4])).toEqual([[24], [24]]);
    expect(joinedAxes([5, 1], [1, 7])).toEqual([
      [5, 1],
      [1, 7],
    ]);
    expect(joinedAxes([], [1, 1])).toEqual([[], []]);
  });
});

describe("runBinary", () => {
  it("broadcasts within the kernel up to rank 4", async () => {
    expect(
      await computed(() => runBinary("Sub", upload([10, 20], [2, 1]), upload([1, 2, 3], [3]), [2, 3], scope)),
    ).toEqual({ shape: [2, 3], data: [9, 8, 7, 19, 18, 17], kernels: "Sub" });
  });

  it("repeats the operands first where five axes alternate", async () => {
    const a = upload([1, 2, 3, 4, 5, 6, 7, 8], [2, 1, 2, 1, 2]);
    const b = upload([0, 10, 20, 30], [1, 2, 1, 2, 1]);
    const shape = [2, 2, 2, 2, 2];
    const { data, kernels: names } = await computed(() => runBinary("Add", a, b, shape, scope));
    expect(names).toBe("Tile Tile Tile Tile Tile Add");
    expect(data).toEqual(
      Array.from({ length: sizeOf(shape) }, (_, i) => {
        const bit = (place: number): number => (i >> place) & 1;
        return 1 + 4 * bit(4) + 2 * bit(2) + bit(0) + 20 * bit(3) + 10 * bit(1);
      }),
    );
  });
});
