import type { CalendarPeriod, SeriesRecord } from "./record.js";

const DAY = 86_400_000;

/** How far a moment is into a period, 0 to below 1. */
function phase(period: CalendarPeriod, time: number): number {
  const date = new Date(time);
  const ofDay = (((time % DAY) + DAY) % DAY) / DAY;
  switch (period) {
    case "hour":
      return (date.getUTCMinutes() * 60 + date.getUTCSeconds()) / 3600;
    case "day":
      return ofDay;
    case "week":
      return (date.getUTCDay() + ofDay) / 7;
    case "year": {
      const start = Date.UTC(date.getUTCFullYear(), 0);
      return (time - start) / (Date.UTC(date.getUTCFullYear() + 1, 0) - start);
    }
  }
}

/** The series that a sequence holds: one by its number, or all. */
export type Track = number | "all";

/**
 * What the token of a moment is told, written to `target` from `at` on: which series it is of, where the calendar stands,
 * and the tokens of its lags.
 *
 * @param lagged the token `lag` moments earlier of a column; 0 where it is not known.
 */
export function writeCondition(
  record: SeriesRecord,
  track: Track,
  time: number | undefined,
  lagged: (lag: number, column: number) => number,
  target: Float32Array,
  at: number,
): void {
  const { columns, calendar, lags } = record;
  let next = at;
  if (track !== "all" && columns.length > 1) {
    target[at + track] = 1;
    next += columns.length;
  }
  for (const period of calendar) {
    const angle = 2 * Math.PI * phase(period, time as number);
    target[next++] = Math.sin(angle);
    target[next++] = Math.cos(angle);
  }
  for (const lag of lags) {
    if (track !== "all") target[next++] = lagged(lag, track);
    else for (let column = 0; column < columns.length; column++) target[next++] = lagged(lag, column);
  }
}
