import { createRandom } from "@diffusion-forcing/core";
import { model } from "./model";

/** How large a day's change is, by rate, and where each begins. */
const sizes = [0.0076, 0.0063, 0.0055, 0.0077, 0.0063, 0.0072, 0.0078, 0.0043] as const;
const first = [0.78, 1.62, 0.71, 0.93, 0.12, 0.0093, 0.61, 0.55] as const;
const rows = 120;
const day = 86_400_000;
/** A Monday. */
const begin = Date.UTC(2024, 0, 1);

/**
 * A table to try the model on, as a file would hold it: eight walks drawn by chance, whose changes are as large as those
 * of the rates that the model has learned, in calm and in stormy spells. No market's data.
 */
export function sampleCsv(): string {
  const random = createRandom(20);
  const normal = new Float32Array(2);
  const walks = sizes.map((size, column) => {
    const stream = random.split(column);
    let [storm, value] = [0, first[column] as number];
    return Array.from({ length: rows }, (_, row) => {
      stream.split(row).fillNormal(normal);
      storm = 0.95 * storm + 0.22 * (normal[0] as number);
      value *= Math.exp(size * Math.exp(storm - 0.25) * (normal[1] as number));
      return value;
    });
  });
  const lines = Array.from({ length: rows }, (_, row) => {
    const date = new Date(begin + (7 * Math.floor(row / 5) + (row % 5)) * day).toISOString().slice(0, 10);
    return [date, ...walks.map((walk) => (walk[row] as number).toPrecision(6))].join(",");
  });
  return `${["date", ...model.columns].join(",")}\n${lines.join("\n")}\n`;
}
