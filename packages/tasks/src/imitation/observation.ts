import type { RandomStream } from "@diffusion-forcing/core";
import type { FruitState, HandAction } from "./fruit-swap.js";

/** Numbers of an action: the target's x and y, and the grip. */
export const actionSize = 3;

/** Standard deviation of what the sensors add to each coordinate. */
export const SENSOR = 0.01;

/** An action as numbers [3]. */
export function actionNumbers({ target, grip }: HandAction): number[] {
  return [target[0], target[1], grip];
}

/** The action that three numbers are. */
export function actionOf(numbers: ArrayLike<number>): HandAction {
  return { target: [numbers[0] as number, numbers[1] as number], grip: numbers[2] as number };
}

/** What is done before the first action: the open hand at rest. */
export const noAction: HandAction = { target: [0, 0], grip: -1 };

/** Numbers of {@link seePlaces}. */
export const placesSize = 7;

/** What is seen, as numbers [7]: x and y of the apple, the lemon and the hand, and whether the hand is closed (1, else -1). */
export function seePlaces({ fruits, hand, isClosed }: FruitState, random: RandomStream): number[] {
  const places = [...fruits[0], ...fruits[1], ...hand];
  return [...places.map((place) => place + SENSOR * random.normal()), isClosed ? 1 : -1];
}
