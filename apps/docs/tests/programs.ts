import { readdirSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";

/** Where the programs that pages show lie. */
export const folder: string = join(import.meta.dirname, "../samples");

export const programs: readonly string[] = readdirSync(folder).filter((name) => name.endsWith(".ts"));

/** Runs a program and returns what it printed. */
export async function printedBy(name: string): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => {
    lines.push(values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join(" "));
  });
  try {
    await import(join(folder, name));
  } finally {
    log.mockRestore();
  }
  return lines.join("\n");
}
