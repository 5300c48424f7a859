import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { demonstrate } from "./expert.js";
import { type FruitState, isSwapped, slotOf } from "./fruit-swap.js";

const demonstrations = Array.from({ length: 300 }, (_, i) => demonstrate(createRandom(4).split(i)));
/** The placements of a demonstration in order, e.g. 01, 21, 20, 10. */
const placements = (states: readonly FruitState[]): string[] => {
  const found = states.map((state) => [slotOf(state, 0), slotOf(state, 1)]).filter((pair) => !pair.includes(undefined));
  return found.map((pair) => pair.join("")).filter((pair, i, all) => pair !== all[i - 1]);
};

describe("demonstrate", () => {
  it("swaps the fruits in three moves, always, and ends with the open hand at rest", () => {
    for (const { states, actions } of demonstrations) {
      expect([states.length, actions.length]).toEqual([26, 25]);
      const last = states.at(-1) as FruitState;
      expect([isSwapped(last), last.isClosed, Math.hypot(...last.hand) < 0.15]).toEqual([true, false, true]);
      expect(placements(states)).toHaveLength(4);
    }
  });

  it("goes through each placement at every stage of some swap, so that it does not tell what is next", () => {
    const next = new Set(
      demonstrations
        .map(({ states }) => placements(states))
        .flatMap((path) => path.map((here, i) => `${here} ${path[i + 1] ?? "done"}`)),
    );
    expect([...next].filter((pair) => pair.startsWith("01 ")).sort()).toEqual(["01 02", "01 21", "01 done"]);
    expect(next.size).toBe(18); // six placements, each followed by two others or by the end
  });

  it("moves either fruit first, as often", () => {
    const appleFirst = demonstrations.filter(({ states }) => {
      const [first, second] = placements(states) as [string, string];
      return first[0] !== second[0];
    }).length;
    expect(Math.abs(appleFirst - 150)).toBeLessThan(35); // four standard deviations
  });
});
