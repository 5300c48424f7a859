import { printable } from "../output/table.js";

const width = 100;
/** Lists longer than this show their ends. */
const longestList = 8;

/** Names and values, one pair a line, the values wrapped where they are long. */
export function formatFacts(facts: readonly (readonly [name: string, value: string])[]): string {
  const indent = 4 + Math.max(0, ...facts.map(([name]) => printable(name).length));
  return facts
    .map(([name, value]) => `  ${printable(name).padEnd(indent - 2)}${wrapped(printable(value), indent)}`.trimEnd())
    .join("\n");
}

function wrapped(text: string, indent: number): string {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) as string;
    if (line === "") lines[lines.length - 1] = word;
    else if (indent + line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}

/** A JSON value as a pair for each field of an object, what is nested within in one line each. */
export function factsOf(value: unknown): [name: string, value: string][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [["", inLine(value)]];
  return Object.entries(value).map(([name, field]) => [name, inLine(field)]);
}

/** `transformer, width 128, layers 4`: kind or name first, fields with their names. */
function inLine(value: unknown, depth = 0): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (depth > 3) return "...";
  if (Array.isArray(value)) {
    const shown = value.length > longestList ? [value[0], value[1], "...", value.at(-1)] : value;
    return `[${shown.map((item) => (isRecord(item) ? `(${inLine(item, depth + 1)})` : inLine(item, depth + 1))).join(", ")}]`;
  }
  return Object.entries(value)
    .map(([name, field]) => {
      const text = inLine(field, depth + 1);
      if (name === "kind" || name === "name") return text;
      return isRecord(field) ? `${name} (${text})` : `${name} ${text}`;
    })
    .join(", ");
}

const isRecord = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
