/** A table in Markdown. */
export function markdown(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |\n`;
  return `${line(header)}${line(header.map(() => "---"))}${rows.map(line).join("")}`;
}
