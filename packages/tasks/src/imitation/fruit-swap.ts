import type { RandomStream } from "@diffusion-forcing/core";

export type Point = readonly [x: number, y: number];

/** The three slots, on a triangle about the hand's resting place, which is the origin. */
export const slots: readonly Point[] = [
  [0, 0.8],
  [-0.7, -0.4],
  [0.7, -0.4],
];

/** Steps of an episode: time for three moves and the pauses between them. */
export const episodeLength = 25;

/** How far the hand gets in a step. */
export const reach = 0.8;

/** How near to a fruit the hand has to close, and how near to a slot a fruit has to be let go. */
const TOUCH = 0.25;

/** What the hand is told: where to go, and whether to be closed (above 0) when it is there. */
export interface HandAction {
  readonly target: Point;
  readonly grip: number;
}

/** The apple and the lemon, the hand, and where the fruits were in the beginning. */
export interface FruitState {
  readonly fruits: readonly [apple: Point, lemon: Point];
  readonly hand: Point;
  readonly isClosed: boolean;
  /** Which fruit is in the hand: 0 the apple, 1 the lemon. */
  readonly held: 0 | 1 | undefined;
  /** The slots in which the fruits were. */
  readonly initial: readonly [apple: number, lemon: number];
}

/** Two fruits at random in two of three slots, the hand open and at rest. */
export function newFruits(random: RandomStream): FruitState {
  const apple = random.integer(0, slots.length);
  const lemon = (apple + random.integer(1, slots.length)) % slots.length;
  return {
    fruits: [slots[apple] as Point, slots[lemon] as Point],
    hand: [0, 0],
    isClosed: false,
    held: undefined,
    initial: [apple, lemon],
  };
}

/**
 * One step: the hand moves towards its target, by 0.8 at most, with what it holds; then it closes or opens. Closing takes
 * the nearest fruit within 0.25. Opening near an empty slot puts the fruit into it, exactly; anywhere else the fruit stays
 * where it is let go, and may be taken up again. A slot that holds a fruit takes no second one.
 */
export function stepFruits(state: FruitState, { target, grip }: HandAction): FruitState {
  const hand = towards(state.hand, target);
  const carried = state.fruits.map((fruit, i) => (i === state.held ? hand : fruit)) as unknown as FruitState["fruits"];
  const isClosed = grip > 0;
  const moved: FruitState = { ...state, hand, fruits: carried, isClosed };
  if (isClosed === state.isClosed) return moved;
  return isClosed ? { ...moved, held: nearestFruit(moved) } : released(moved);
}

function nearestFruit({ hand, fruits }: FruitState): 0 | 1 | undefined {
  const [apple, lemon] = [distance(hand, fruits[0]), distance(hand, fruits[1])];
  if (Math.min(apple, lemon) > TOUCH) return undefined;
  return apple <= lemon ? 0 : 1;
}

function released(state: FruitState): FruitState {
  const { held, hand, fruits } = state;
  if (held === undefined) return state;
  const other = fruits[1 - held] as Point;
  const slot = slots.find((place) => distance(place, hand) <= TOUCH && distance(place, other) > TOUCH);
  const placed = fruits.map((fruit, i) => (i === held ? (slot ?? hand) : fruit)) as unknown as FruitState["fruits"];
  return { ...state, fruits: placed, held: undefined };
}

/** The slot a fruit lies in, if it does and is not in the hand. */
export function slotOf({ fruits, held }: FruitState, fruit: 0 | 1): number | undefined {
  if (held === fruit) return undefined;
  const found = slots.findIndex((place) => distance(place, fruits[fruit]) < 1e-9);
  return found < 0 ? undefined : found;
}

/** Whether each fruit lies where the other one was in the beginning. */
export function isSwapped(state: FruitState): boolean {
  const [apple, lemon] = state.initial;
  return slotOf(state, 0) === lemon && slotOf(state, 1) === apple;
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

function towards(from: Point, to: Point): Point {
  const far = distance(from, to);
  if (far <= reach) return to;
  return [from[0] + ((to[0] - from[0]) * reach) / far, from[1] + ((to[1] - from[1]) * reach) / far];
}
