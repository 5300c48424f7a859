import { describe, expect, it } from "vitest";
import { after, futureTimes, inferFrequency, rowsBetween } from "./frequency.js";

const times = (...dates: string[]) => Float64Array.from(dates, (date) => Date.parse(`${date}Z`));
const dates = (list: Float64Array | undefined) =>
  Array.from(list ?? [], (time) => new Date(time).toISOString().slice(0, 16));

describe("frequency", () => {
  it("goes on as the times do", () => {
    const next = (...given: string[]) => dates(futureTimes(times(...given), 2));
    expect(next("2024-01-01T00:00", "2024-01-01T00:15")).toEqual(["2024-01-01T00:30", "2024-01-01T00:45"]);
    expect(next("2024-01-31T00:00", "2024-02-29T00:00", "2024-03-31T00:00")).toEqual([
      "2024-04-30T00:00",
      "2024-05-31T00:00",
    ]);
    expect(next("2022-01-01T00:00", "2022-04-01T00:00", "2022-07-01T00:00")).toEqual([
      "2022-10-01T00:00",
      "2023-01-01T00:00",
    ]);
    expect(next("2019-12-31T00:00", "2020-12-31T00:00", "2021-12-31T00:00")).toEqual([
      "2022-12-31T00:00",
      "2023-12-31T00:00",
    ]);
    // Monday to Friday, then Monday.
    const week = ["01", "02", "03", "04", "05", "08"].map((day) => `2024-01-${day}T00:00`);
    expect(inferFrequency(times(...week))).toEqual({ kind: "business-day" });
    expect(dates(futureTimes(times(...week.slice(0, 5), "2024-01-08T00:00", "2024-01-12T00:00"), 1))).toEqual([
      "2024-01-15T00:00",
    ]);
    expect(futureTimes(times("2024-01-01T00:00"), 1)).toBeUndefined();
  });

  it("counts the rows between two moments", () => {
    const [friday, tuesday, sunday] = times("2024-01-05T00:00", "2024-01-16T00:00", "2024-01-14T00:00");
    expect(rowsBetween({ kind: "business-day" }, friday as number, tuesday as number)).toBe(7);
    expect(rowsBetween({ kind: "business-day" }, friday as number, sunday as number)).toBeUndefined();
    expect(rowsBetween({ kind: "fixed", milliseconds: 60_000 }, 0, 180_000)).toBe(3);
    const months = { kind: "months", months: 1 } as const;
    expect(rowsBetween(months, Date.UTC(2020, 0, 31), Date.UTC(2024, 1, 29))).toBe(49);
    expect(new Date(after(months, Date.UTC(2020, 0, 31, 6), 1)).toISOString()).toBe("2020-02-29T06:00:00.000Z");
  });
});
