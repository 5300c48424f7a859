import type { RandomStream } from "@diffusion-forcing/core";
import {
  distance,
  episodeLength,
  type FruitState,
  type HandAction,
  newFruits,
  type Point,
  slots,
  stepFruits,
} from "./fruit-swap.js";

/** One episode: a state before each action and one after the last. */
export interface Demonstration {
  readonly states: readonly FruitState[];
  readonly actions: readonly HandAction[];
}

/** Longest pause with the hand at rest: before the first move and between moves, in steps. */
const LONGEST_PAUSE = 2;
/** Standard deviation of the expert's aim, in each coordinate. */
const AIM = 0.02;
const REST: Point = [0, 0];

/**
 * Swaps the fruits by way of the empty slot, one at a time: the one that goes first, drawn at random, goes to the empty
 * slot; the other one to where the first was; the first to where the other was. Before, between and after the moves the
 * hand is at rest in the middle, where it pauses for a while. What is next can therefore not be seen: the same two fruits
 * in the same two slots stand in the beginning, the middle or the end of some swap.
 */
export function demonstrate(random: RandomStream): Demonstration {
  let state = newFruits(random);
  const states = [state];
  const actions: HandAction[] = [];
  const act = (target: Point, grip: number): void => {
    const aim: Point = [target[0] + AIM * random.normal(), target[1] + AIM * random.normal()];
    const action = { target: aim, grip };
    actions.push(action);
    state = stepFruits(state, action);
    states.push(state);
  };
  const goTo = (target: Point, grip: number): void => {
    while (distance(state.hand, target) > 0.1) act(target, grip);
  };
  const pause = (): void => {
    for (let left = random.integer(0, LONGEST_PAUSE + 1); left > 0; left--) act(REST, -1);
  };
  const first = random.integer(0, 2) as 0 | 1;
  const [firstSlot, otherSlot] = [state.initial[first] as number, state.initial[1 - first] as number];
  const emptySlot = 3 - firstSlot - otherSlot;
  const moves = [
    [firstSlot, emptySlot],
    [otherSlot, firstSlot],
    [emptySlot, otherSlot],
  ] as const;
  for (const [from, to] of moves) {
    pause();
    goTo(slots[from] as Point, -1);
    act(slots[from] as Point, 1);
    goTo(slots[to] as Point, 1);
    act(slots[to] as Point, -1);
    goTo(REST, -1);
  }
  while (actions.length < episodeLength) act(REST, -1);
  return { states, actions };
}
