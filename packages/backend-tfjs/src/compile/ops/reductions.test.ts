import { tensor } from "@diffusion-forcing/core";
import { readTensor } from "@diffusion-forcing/core/backend";
import { sum, trace } from "@diffusion-forcing/core/graph";
import { expect, it } from "vitest";
import { tfjsBackend } from "../../node/tfjs-backend.js";

// In a row, float32 sums lose digits: a million times 0.1 came to 100958 on wasm.
it.each(["cpu", "wasm"] as const)("%s: long sums keep five digits, whatever their length", async (device) => {
  const backend = await tfjsBackend({ device });
  for (const [rows, columns] of [
    [1, 1_000_000],
    [3, 99_991],
    [2, 1025],
  ] as const) {
    const x = tensor(new Float32Array(rows * columns).fill(0.1), [rows, columns]);
    const executable = await backend.compile(trace({ x }, (values) => ({ total: sum(values.x, 1) })));
    const { total } = await executable.run({ x });
    for (const value of (await readTensor(total!)).data) {
      expect(Math.abs(value / (columns * 0.1) - 1)).toBeLessThan(1e-5);
    }
  }
  await backend.dispose();
});
