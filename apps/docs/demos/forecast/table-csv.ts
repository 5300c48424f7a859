import type { SeriesTable } from "@diffusion-forcing/tasks/series";

/** A table as CSV, as `readSeries` and `dforce forecast` read it; missing values are empty cells. */
export function tableCsv({ columns, values, times }: SeriesTable): string {
  const quoted = (name: string): string => (/[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);
  const rows = Array.from({ length: values.length / columns.length }, (_, row) => {
    const cells = columns.map((_, c) => {
      const value = values[row * columns.length + c] as number;
      return Number.isFinite(value) ? String(value) : "";
    });
    const time = times?.[row];
    const date = time === undefined ? [] : [new Date(time).toISOString().replace("T00:00:00.000Z", "")];
    return [...date, ...cells].join(",");
  });
  const names = [...(times ? ["date"] : []), ...columns.map(quoted)];
  return `${names.join(",")}\n${rows.join("\n")}\n`;
}
