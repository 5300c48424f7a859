/** Text may come from files and libraries of others: what would move a terminal's cursor or break the line is shown as a box. */
export function printable(cell: string): string {
  return cell.replace(/\p{Cc}/gu, "\u25a1");
}

/** Rows of two or more cells as aligned text, the first column left, the others right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  const cells = rows.map((row) => row.map(printable));
  for (const row of cells) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return cells.map((row) => `  ${line(row).trimEnd()}`).join("\n");
}
