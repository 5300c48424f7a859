import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import type { HostTensor } from "../engine/tensor/tensor.js";
import { zeros } from "../engine/tensor/tensor.js";

const schema = v.strictObject({
  first: schemas.integer(Number.MIN_SAFE_INTEGER),
  count: schemas.integer(1),
  // Of the lower frequencies there is one, at least, beside 1.
  width: schemas.satisfying<number>(
    "an even whole number from 4",
    (width) => Number.isSafeInteger(width) && (width as number) >= 4 && (width as number) % 2 === 0,
  ),
});

/**
 * Sinusoidal embeddings (Vaswani et al. 2017, in the variant of the Diffusion Forcing paper's code) of
 * consecutive positions: row i embeds `first + i` as [sin(p f_0) .. sin(p f_h), cos(p f_0) .. cos(p f_h)] with
 * f_j = 10000^(-j / (half - 1)). Computed once on the host, so that every backend embeds alike.
 *
 * @returns float32 [count, width]
 * @throws `invalid-argument`
 */
export function sinusoidTable(first: number, count: number, width: number): HostTensor<"float32"> {
  check("sinusoidTable", schema, { first, count, width });
  const half = width / 2;
  const exponent = Math.fround(-Math.fround(Math.log(10000) / (half - 1)));
  const frequencies = Array.from({ length: half }, (_, j) => Math.fround(Math.exp(Math.fround(j * exponent))));
  return tableOf(first, count, frequencies, 0);
}

/**
 * Sinusoidal embeddings in the variant of image diffusion models (Ho et al. 2020, as 3-D U-Nets use it): as {@link sinusoidTable}, but cosines first and f_j = 10000^(-j / half).
 *
 * @returns float32 [count, width]
 */
export function cosineFirstTable(first: number, count: number, width: number): HostTensor<"float32"> {
  const half = width / 2;
  const exponent = Math.fround(-Math.log(10000));
  const frequencies = Array.from({ length: half }, (_, j) =>
    Math.fround(Math.exp(Math.fround(Math.fround(j * exponent) / half))),
  );
  return tableOf(first, count, frequencies, half);
}

/** Sines in the columns from `sineColumn` on, cosines in the other half. */
function tableOf(first: number, count: number, frequencies: readonly number[], sineColumn: number) {
  const half = frequencies.length;
  const table = zeros("float32", [count, 2 * half]);
  frequencies.forEach((frequency, j) => {
    for (let i = 0; i < count; i++) {
      const angle = Math.fround((first + i) * frequency);
      const row = i * 2 * half;
      table.data[row + sineColumn + j] = Math.sin(angle);
      table.data[row + (half - sineColumn) + j] = Math.cos(angle);
    }
  });
  return table;
}
