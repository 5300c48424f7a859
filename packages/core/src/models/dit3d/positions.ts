import { type HostTensor, zeros } from "../../engine/tensor/tensor.js";
import { type RotaryTables, rotaryTables } from "../rotary.js";
import { cosineFirstTable } from "../sinusoid.js";
import type { PatchGrid } from "./config.js";

/** Positions of a list of places along one axis. */
type Coordinates = readonly number[];

/** Time from `first`, row and column of every patch of `length` frames, frame by frame and row by row. */
function coordinates(
  first: number,
  length: number,
  { rows, columns }: PatchGrid,
): [Coordinates, Coordinates, Coordinates] {
  const places = Array.from({ length: length * rows * columns }, (_, i) => i);
  return [
    places.map((i) => first + Math.floor(i / (rows * columns))),
    places.map((i) => Math.floor(i / columns) % rows),
    places.map((i) => i % columns),
  ];
}

/** What positions are told apart by. */
export interface Axes {
  /** Whether time is one of them: not for patches that only meet patches of their own frame. */
  readonly time: boolean;
  readonly grid: PatchGrid;
}

/**
 * `pairs` pairs of features dealt out to time, height and width: equal shares, the rest to the first. Axes along
 * which a model's patches do not differ get none; how many frames there are does not matter.
 */
function dealOut(pairs: number, { time, grid: { rows, columns } }: Axes): [number, number, number] {
  const differs = [time || rows * columns === 1, rows > 1, columns > 1];
  const share = Math.floor(pairs / differs.filter(Boolean).length);
  const shares = differs.map((present) => (present ? share : 0)) as [number, number, number];
  shares[differs.indexOf(true)] = pairs - share * (differs.filter(Boolean).length - 1);
  return shares;
}

/** Tables side by side: [rows, a] and [rows, b] -> [rows, a + b]. */
function sideBySide(tables: readonly HostTensor<"float32">[], rows: number): HostTensor<"float32"> {
  const width = tables.reduce((sum, { shape }) => sum + (shape[1] as number), 0);
  const joined = zeros("float32", [rows, width]);
  let start = 0;
  for (const { shape, data } of tables) {
    const own = shape[1] as number;
    for (let row = 0; row < rows; row++) {
      joined.data.set(data.subarray(row * own, (row + 1) * own), row * width + start);
    }
    start += own;
  }
  return joined;
}

/**
 * Rotary tables in time, height and width for the patches of `length` frames, each axis turning its own pairs of
 * features: [length * rows * columns, width]. The first frame stands at the time `first`.
 */
export function patchRotaryTables(length: number, axes: Axes, width: number, first = 0): RotaryTables {
  const shares = dealOut(width / 2, axes);
  const all = coordinates(first, length, axes.grid);
  const tables = shares.flatMap((pairs, axis) =>
    pairs === 0 ? [] : [rotaryTables(all[axis] as Coordinates, 2 * pairs)],
  );
  const places = length * axes.grid.rows * axes.grid.columns;
  return {
    cosines: sideBySide(
      tables.map(({ cosines }) => cosines),
      places,
    ),
    sines: sideBySide(
      tables.map(({ sines }) => sines),
      places,
    ),
  };
}

/** Sinusoids of time, height and width side by side: [length * rows * columns, width]. */
export function patchSinusoids(length: number, grid: PatchGrid, width: number): HostTensor<"float32"> {
  const shares = dealOut(width / 2, { time: true, grid });
  const sizes = [length, grid.rows, grid.columns];
  const all = coordinates(0, length, grid);
  const tables = shares.flatMap((pairs, axis) => {
    if (pairs === 0) return [];
    const places = all[axis] as Coordinates;
    const { data } = cosineFirstTable(0, sizes[axis] as number, 2 * pairs);
    const table = zeros("float32", [places.length, 2 * pairs]);
    places.forEach((place, row) => {
      table.data.set(data.subarray(place * 2 * pairs, (place + 1) * 2 * pairs), row * 2 * pairs);
    });
    return [table];
  });
  return sideBySide(tables, length * grid.rows * grid.columns);
}
