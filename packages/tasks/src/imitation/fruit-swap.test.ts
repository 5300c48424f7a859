import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import {
  type FruitState,
  type HandAction,
  isSwapped,
  newFruits,
  type Point,
  slotOf,
  slots,
  stepFruits,
} from "./fruit-swap.js";

const [top, leftSlot, rightSlot] = slots as [Point, Point, Point];
/** The apple on top, the lemon on the left. */
const start: FruitState = {
  fruits: [top, leftSlot],
  hand: [0, 0],
  isClosed: false,
  held: undefined,
  initial: [0, 1],
};
const after = (state: FruitState, ...actions: [target: Point, grip: number][]): FruitState =>
  actions.reduce((now, [target, grip]) => stepFruits(now, { target, grip } satisfies HandAction), state);

describe("the fruit swap", () => {
  it("starts with two fruits in two slots, every placement as often", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 3000; i++) {
      const { initial } = newFruits(createRandom(2).split(i));
      counts.set(initial.join(""), (counts.get(initial.join("")) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(["01", "02", "10", "12", "20", "21"]);
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(82); // four standard deviations
  });

  it("moves the hand towards its target by 0.8 at most", () => {
    expect(after(start, [[0, 2], -1]).hand).toEqual([0, 0.8]);
    expect(after(start, [[0.3, -0.4], -1]).hand).toEqual([0.3, -0.4]);
    expect(after(start, [[6, -8], -1]).hand.map((place) => place.toFixed(9))).toEqual(["0.480000000", "-0.640000000"]);
  });

  it("takes a fruit along, and puts it into an empty slot exactly", () => {
    const taken = after(start, [top, -1], [[0.05, 0.8], 1]);
    expect([taken.held, slotOf(taken, 0)]).toEqual([0, undefined]);
    const carried = after(taken, [rightSlot, 1], [rightSlot, 1]);
    expect(carried.fruits[0]).toEqual(carried.hand);
    const placed = after(carried, [[0.75, -0.35], 1], [[0.75, -0.35], -1]);
    expect([placed.held, placed.fruits[0], slotOf(placed, 0)]).toEqual([undefined, rightSlot, 2]);
  });

  it("takes nothing that is too far away, and nothing once it is closed", () => {
    expect(after(start, [[0, 0.5], 1]).held).toBeUndefined();
    expect(after(start, [[0, 0.5], 1], [top, 1]).held).toBeUndefined();
  });

  it("drops a fruit where it is, beside the slots and over a slot that is full", () => {
    const taken = after(start, [top, -1], [top, 1]);
    const beside = after(taken, [[0, 0.4], -1]);
    expect([beside.fruits[0], slotOf(beside, 0)]).toEqual([[0, 0.4], undefined]);
    const above: Point = [-0.65, -0.4];
    const full = after(taken, [above, 1], [above, 1], [above, -1]);
    expect([full.held, slotOf(full, 0), slotOf(full, 1)]).toEqual([undefined, undefined, 1]);
    expect(after(full, [above, 1]).held).toBeDefined(); // and may be taken up again
  });

  it("is done when each fruit lies where the other one was", () => {
    const moves: [Point, number][] = [
      [top, -1], [top, 1], [rightSlot, 1], [rightSlot, 1], [rightSlot, 1], [rightSlot, -1],
      [leftSlot, -1], [leftSlot, -1], [leftSlot, -1], [leftSlot, 1], [top, 1], [top, 1], [top, 1], [top, -1],
      [rightSlot, -1], [rightSlot, -1], [rightSlot, -1], [rightSlot, 1], [leftSlot, 1], [leftSlot, 1], [leftSlot, 1],
    ]; // biome-ignore format: a move a line
    expect(isSwapped(after(start, ...moves))).toBe(false); // still in the hand
    expect(isSwapped(after(start, ...moves, [leftSlot, -1]))).toBe(true);
    expect(isSwapped(start)).toBe(false);
  });
});
