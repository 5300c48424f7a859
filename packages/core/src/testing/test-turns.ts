import { diffusionForcing } from "../forcing.js";
import { transformer } from "../models/index.js";
import { cosineSchedule } from "../process/index.js";
import type { Conformance } from "./test-api.js";
import { assertTakesTurns } from "./turns.js";
import { drawTensor } from "./values.js";

/** More steps than any device takes before the abort. */
const STEPS = 3000;

/** Long work shares the thread with timers and aborts, also where the device computes synchronously. */
export function testTurns({ options, backend }: Conformance): void {
  const { describe, it } = options;
  describe("turns", () => {
    it("lets a timer and an abort through while it trains", async () => {
      const live = await backend();
      const forcing = diffusionForcing({
        model: transformer({ features: 1, width: 8, layers: 1, heads: 1, feedForward: 8 }),
        schedule: cosineSchedule(10),
      });
      const tokens = drawTensor({ dtype: "float32", shape: [2, 4, 1], low: -1, high: 1 }, 1);
      await assertTakesTurns(async (signal, onStep) => {
        const batches = () => {
          onStep();
          return { tokens };
        };
        await forcing.train({ backend: live, steps: STEPS, seed: 0, batches, signal });
      }, "training");
    });
  });
}
