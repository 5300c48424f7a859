import { gzipSync } from "node:zlib";
import { isDiffusionForcingError } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { type ReadSeriesOptions, readSeries } from "./read-series.js";

const read = (text: string, options?: ReadSeriesOptions) =>
  readSeries({ name: "my.csv", bytes: new TextEncoder().encode(text) }, options);
const table = async (text: string, options?: ReadSeriesOptions) => {
  const { columns, values, times } = await read(text, options);
  return {
    columns,
    values: [...values],
    ...(times ? { times: [...times].map((time) => new Date(time).toISOString()) } : {}),
  };
};

describe("readSeries", () => {
  it("reads separated values with and without names, by any usual delimiter", async () => {
    expect(await table("1,2\n3,4\n")).toEqual({ columns: ["1", "2"], values: [1, 2, 3, 4] });
    expect(await table("a\tb\n1\t-2e3\n")).toEqual({ columns: ["a", "b"], values: [1, -2000] });
    expect(await table('\uFEFFa;"b\nc"\n1;"2"\n\n3;4')).toEqual({ columns: ["a", "b\nc"], values: [1, 2, 3, 4] });
    expect(await table("7\n8\n")).toEqual({ columns: ["1"], values: [7, 8] });
    expect(await table("1,2\n3,4\n", { header: true })).toEqual({ columns: ["1", "2"], values: [3, 4] });
  });

  it("reads gzipped bytes", async () => {
    const bytes = new Uint8Array(gzipSync("1,2\n3,4\n"));
    expect([...(await readSeries({ name: "my.csv.gz", bytes })).values]).toEqual([1, 2, 3, 4]);
    const cut = readSeries({ name: "my.csv.gz", bytes: bytes.subarray(0, 15) });
    await expect(cut).rejects.toThrow("my.csv.gz is damaged: it cannot be decompressed as gzip.");
  });

  it("reads JSON lines, objects and arrays", async () => {
    expect(await table('{"a":1,"b":2}\n\n{"b":4,"a":3}\n')).toEqual({ columns: ["a", "b"], values: [1, 2, 3, 4] });
    expect(await table("[1,2]\n[3,4]\n")).toEqual({ columns: ["1", "2"], values: [1, 2, 3, 4] });
    await expect(read('{"a":1}\n{"a":1,"c":2}\n')).rejects.toThrow('my.csv, line 2: the name "c" is not among those');
    await expect(read('{"a":true}\n')).rejects.toThrow("my.csv, line 1: it holds true; expected numbers");
    await expect(read('{"a":1}\n{"a":')).rejects.toThrow("my.csv, line 2: this is not valid JSON");
  });

  it("finds the column of times", async () => {
    expect(await table("date,price\n2024-01-31,1\n2024-02-29,2\n2024-03-31,3\n")).toEqual({
      columns: ["price"],
      values: [1, 2, 3],
      times: ["2024-01-31T00:00:00.000Z", "2024-02-29T00:00:00.000Z", "2024-03-31T00:00:00.000Z"],
    });
    const hours = await table("load,when\n5,2024-01-01 00:00\n6,2024-01-01 1:00\n7,2024-01-01T02:00Z\n");
    expect(hours.times?.[1]).toBe("2024-01-01T01:00:00.000Z");
    expect((await table("timestamp,x\n1700000000,5\n1700003600,6\n")).times?.[0]).toBe("2023-11-14T22:13:20.000Z");
    expect(await table("year,x\n2001,5\n2002,6\n")).toEqual({ columns: ["year", "x"], values: [2001, 5, 2002, 6] });
  });

  it("puts in rows that are left out, where values may be missing", async () => {
    const text =
      "date,x\n2024-01-05,1\n2024-01-08,2\n2024-01-09,NA\n2024-01-10,4\n2024-01-12,5\n2024-01-15,6\n2024-01-16,7\n";
    await expect(read(text)).rejects.toThrow(
      'my.csv, line 4, column x: it says "NA"; allow missing values by --missing',
    );
    // Business days: the 6th, 7th, 13th and 14th are weekends, the 11th is missing.
    expect((await table(text, { missing: true })).values).toEqual([1, 2, Number.NaN, 4, Number.NaN, 5, 6, 7]);
    const whole = text.replace("NA", "3");
    await expect(read(whole)).rejects.toThrow(
      'my.csv, line 6: the time "2024-01-12" leaves rows out; allow missing rows',
    );
  });

  it.each([
    ["1,2\n3\n", "my.csv, line 2: 1 cells; expected 2, as in line 1"],
    ["a,b\n1,2\n3,x\n", 'my.csv, line 3, column b: "x" is no finite number'],
    ["a,b\n1,\n", "my.csv, line 2, column b: the cell is empty; allow missing values by --missing"],
    ["a,b\n1,Infinity\n", 'column b: "Infinity" is no finite number'],
    ["a,b\n1,2\n1,0x10\n", 'line 3, column b: "0x10" is no finite number'],
    ['"a\nb",c\n1,"2\n', "my.csv, line 3: quoted field unterminated"],
    ["", "my.csv: there are no rows"],
    ["a,b\n", "my.csv: there are no rows below the header"],
    ["a,a\n1,2\n", 'two columns are called "a"'],
    ["date\n2024-01-01\n", "there is no column besides the times"],
    ["date,x\n2024-01-02,1\n2024-01-01,2\n", 'line 3: the time "2024-01-01" does not come after "2024-01-02"'],
    ["date,x\n2024-01-01,1\n2024-01-01,2\n", 'does not come after "2024-01-01"'],
    ["date,x\n2024-01-01,1\nsoon,2\n", 'line 3: "soon" is no date'],
    ["date,x\n2024-06-31,1\n", 'column date: "2024-06-31" is no finite number'],
    ["date,x\n2024-01-01,1\n2024-01-02,2\n2024-01-03,2\n2024-01-03 05:00,3\n", "keeps no step with those before it"],
  ])("refuses %j", async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
    await expect(read(text)).rejects.toSatisfy((error) => isDiffusionForcingError(error, "invalid-data"));
  });

  it("takes the column of times that it is told, or says what there is", async () => {
    expect((await table("t,x\n0,5\n60,6\n", { time: "t" })).times?.[1]).toBe("1970-01-01T00:01:00.000Z");
    await expect(read("t,x\n0,5\n", { time: "when" })).rejects.toThrow('there is no column "when"; there are t, x');
  });

  it.each([
    ["separated", (names: readonly string[]) => `${names.join()}\n${names.map(() => 1).join()}\n`],
    [
      "JSON lines",
      (names: readonly string[]) => `${JSON.stringify(Object.fromEntries(names.map((one) => [one, 1])))}\n`,
    ],
  ])("reads as many columns as a model may have and no more: %s", async (_, text) => {
    const names = Array.from({ length: 65_537 }, (_, i) => `c${i}`);
    expect((await read(text(names.slice(1)))).columns).toEqual(names.slice(1));
    await expect(read(text(names))).rejects.toThrow("my.csv, line 1: 65537 columns; expected at most 65536");
  });

  it("refuses options that there are not", async () => {
    await expect(read("x\n1\n", { format: "xls" as never })).rejects.toThrow(
      'readSeries: format is "xls"; expected "csv"',
    );
    await expect(read("x\n1\n", null as never)).rejects.toThrow("readSeries: the value is null");
  });

  it("refuses what is no text", async () => {
    const bytes = readSeries({ name: "my.csv", bytes: Uint8Array.of(0xff, 0xfe, 0x31) });
    await expect(bytes).rejects.toSatisfy((error) => isDiffusionForcingError(error, "corrupt-file"));
  });
});
