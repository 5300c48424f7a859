import { check } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { optionSchemas } from "../option-schemas.js";
import { type Point, slots } from "./fruit-swap.js";

/** Height and width of an image, in pixels. */
export const imageSize = 32;

/** Numbers of an image: red, green and blue planes. */
export const imageNumbers: number = 3 * imageSize * imageSize;

/** What is to be drawn. */
export interface Scene {
  readonly fruits: readonly [apple: Point, lemon: Point];
  readonly hand: Point;
  readonly isClosed: boolean;
}

/** What every state of the world has, to be drawn. */
export const sceneSchemas: {
  readonly fruits: v.GenericSchema<Scene["fruits"]>;
  readonly hand: v.GenericSchema<Point>;
  readonly isClosed: v.GenericSchema<boolean>;
} = {
  fruits: v.strictTuple([optionSchemas.position, optionSchemas.position], "two places"),
  hand: optionSchemas.position,
  isClosed: v.boolean("true or false"),
};
const sceneSchema = v.object(sceneSchemas, "a scene { fruits, hand, isClosed }");

type Color = readonly [red: number, green: number, blue: number];

const table: Color = [0.93, 0.92, 0.88];
const slotColor: Color = [0.78, 0.78, 0.8];
const fruitColors: readonly [apple: Color, lemon: Color] = [
  [0.82, 0.16, 0.18],
  [0.95, 0.78, 0.16],
];
const handColor: Color = [0.15, 0.2, 0.35];

/** Pixels for one unit of the world: the slots and a margin of 0.45 fill the image. */
const scale = imageSize / 2.5;

/** Radii in units of the world. */
const slotRadius = 0.36;
const fruitRadius = 0.26;
const handRadius = 0.3;
const fistRadius = 0.14;
const handLine = 0.09;

/**
 * The scene from above: slots grey, the apple red, the lemon yellow, the hand a dark ring when it is open and a dark disc
 * when it is closed; edges are smooth.
 *
 * @returns [3 * 32 * 32], planes of red, green and blue, from -1 to 1; the first row is the upper one
 * @throws `invalid-argument`
 */
export function renderScene(scene: Scene): Float32Array {
  const { fruits, hand, isClosed } = check("renderScene", sceneSchema, scene);
  const image = new Float32Array(imageNumbers);
  image.forEach((_, i) => {
    image[i] = table[Math.floor(i / (imageSize * imageSize))] as number;
  });
  for (const slot of slots) paintDisc(image, slot, slotRadius, slotColor);
  for (const [i, fruit] of fruits.entries()) paintDisc(image, fruit, fruitRadius, fruitColors[i] as Color);
  if (isClosed) paintDisc(image, hand, fistRadius, handColor);
  else paintDisc(image, hand, handRadius, handColor, handRadius - handLine);
  return image.map((value) => 2 * value - 1);
}

/** Covers part of an image with a square of one colour; column and row of its upper left pixel may lie outside. */
export function paintSquare(image: Float32Array, column: number, row: number, size: number, color: Color): void {
  for (let y = Math.max(0, row); y < Math.min(imageSize, row + size); y++) {
    for (let x = Math.max(0, column); x < Math.min(imageSize, column + size); x++) {
      for (const [plane, value] of color.entries()) image[(plane * imageSize + y) * imageSize + x] = 2 * value - 1;
    }
  }
}

/** A disc, or a ring with a hole. */
function paintDisc(image: Float32Array, [x, y]: Point, radius: number, color: Color, hole = 0): void {
  // The middle of the slots' triangle lies a little above the origin.
  const [column, row] = [imageSize / 2 + x * scale, imageSize / 2 - (y - 0.2) * scale];
  for (let pixelY = 0; pixelY < imageSize; pixelY++) {
    for (let pixelX = 0; pixelX < imageSize; pixelX++) {
      const distance = Math.hypot(pixelX + 0.5 - column, pixelY + 0.5 - row);
      const inside = Math.min(radius * scale - distance, distance - hole * scale) + 0.5;
      const covered = hole === 0 ? radius * scale - distance + 0.5 : inside;
      const share = Math.min(1, Math.max(0, covered));
      if (share === 0) continue;
      for (const [plane, value] of color.entries()) {
        const at = (plane * imageSize + pixelY) * imageSize + pixelX;
        image[at] = (1 - share) * (image[at] as number) + share * value;
      }
    }
  }
}
