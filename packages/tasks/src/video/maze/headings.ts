/** Headings of a walker: 16 of them, counted clockwise from "to the right" (y points downwards). */
export const HEADINGS = 16;

// By square roots, not by Math.cos: the same bits in every engine.
const eighth = Math.sqrt(0.5);
const near = Math.sqrt(2 + Math.sqrt(2)) / 2;
const far = Math.sqrt(2 - Math.sqrt(2)) / 2;
const quarter: readonly (readonly [number, number])[] = [
  [1, 0],
  [near, far],
  [eighth, eighth],
  [far, near],
];

/** Unit vectors by heading. */
export const directions: readonly (readonly [x: number, y: number])[] = Array.from({ length: HEADINGS }, (_, i) => {
  let [x, y] = quarter[i % 4] as readonly [number, number];
  for (let turn = 0; turn < Math.floor(i / 4); turn++) [x, y] = [-y, x];
  return [x + 0, y + 0];
});
