import { type SeriesTable, withDoubt } from "@diffusion-forcing/tasks/series";

/** What a value is held to be. */
export const markKinds = ["missing", "doubtful"] as const;
export type Mark = (typeof markKinds)[number];

/** Rows that are not simply known; 0 is the table's last row, 1 the one before. */
export type Marks = ReadonlyMap<number, Mark>;

/** The rows of a kind as the page's address has them: "0-4,9". */
export function marksText(marks: Marks, kind: Mark): string {
  const rows = [...marks].flatMap(([back, mark]) => (mark === kind ? [back] : [])).sort((a, b) => a - b);
  const spans: [number, number][] = [];
  for (const row of rows) {
    const last = spans.at(-1);
    if (last !== undefined && last[1] === row - 1) last[1] = row;
    else spans.push([row, row]);
  }
  return spans.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}

/** The marks of an address, those below `rows`; what is none is passed over. */
export function marksOf(texts: Readonly<Record<Mark, string | null>>, rows: number): Marks {
  const marks = new Map<number, Mark>();
  for (const kind of markKinds) {
    for (const span of (texts[kind] ?? "").slice(0, 1000).split(",")) {
      const [, from, to = from] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(span) ?? [];
      for (let row = Number(from); row <= Math.min(Number(to), rows - 1); row++) marks.set(row, kind);
    }
  }
  return marks;
}

/** How much a series changes from row to row: the root of the mean square. */
export function typicalStep(values: ArrayLike<number>): number {
  let [count, squares] = [0, 0];
  for (let i = 1; i < values.length; i++) {
    const change = (values[i] as number) - (values[i - 1] as number);
    if (!Number.isFinite(change)) continue;
    count++;
    squares += change ** 2;
  }
  return Math.sqrt(squares / Math.max(count, 1));
}

/** The table with its marked rows missing, or doubtful by a deviation in the data's unit. */
export function markedTable(table: SeriesTable, marks: Marks, deviation: number): SeriesTable {
  const width = table.columns.length;
  const rows = table.values.length / width;
  const values = table.values.slice();
  const doubt: Record<number, number> = {};
  for (const [back, mark] of marks) {
    const row = rows - 1 - back;
    if (mark === "missing") values.fill(Number.NaN, row * width, (row + 1) * width);
    else doubt[row] = deviation;
  }
  return withDoubt({ ...table, values }, { rows: doubt });
}
