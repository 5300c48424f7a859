import { expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import type { Batch } from "../training/batch.js";
import { checkItems } from "./check-items.js";

const tokens = tensor([1, 2, 3, 4], [1, 2, 2]);

it("lets finite items through", () => {
  expect(() => checkItems(2, { tokens })).not.toThrow();
  expect(() => checkItems(2, { tokens, condition: undefined } as never)).not.toThrow();
});

it.each<[Partial<Batch>, string]>([
  [{ tokens: null as never }, 'The batch\'s "tokens" is null'],
  [
    { tokens: tensor([1, 2, 3], [1, 1, 3]) },
    "are float32[1, 1, 3]; the autoencoder takes float32[B, T, 2], the items.",
  ],
  [{ tokens: tensor(Int32Array.of(1, 2), [1, 1, 2]) }, "are int32[1, 1, 2]"],
  [
    { noiseLevels: tensor(Int32Array.of(0, 1), [1, 2]) },
    "The batch holds noiseLevels; an autoencoder is trained on tokens alone.",
  ],
  [{ condition: tokens }, "The batch holds condition"],
  [{ lossMask: tokens }, "The batch holds lossMask"],
  [
    { tokens: tensor([1, Number.NEGATIVE_INFINITY], [1, 1, 2]) },
    "hold -Infinity at element 1; expected finite numbers",
  ],
])("refuses %o", (wrong, message) => {
  expect(() => checkItems(2, { tokens, ...wrong })).toThrow(message);
});
