import { typedArrayName } from "./typed-array-name.js";

const LONGEST = 60;

/**
 * A value as an error message shows it: short whatever it is, and safe for values that came out of a file, such as
 * objects nested without end, hostile `toString` methods and strings of megabytes.
 */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}...` : value);
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    case "object":
      return describeObject(value);
  }
}

function describeObject(value: object | null): string {
  if (value === null) return "null";
  const name = typedArrayName(value);
  if (name !== undefined)
    return `${name.startsWith("I") ? "an" : "a"} ${name} of ${(value as Uint8Array).length} elements`;
  if (Array.isArray(value)) {
    const isShort = value.length <= 8 && value.every((item) => typeof item !== "object" || item === null);
    return isShort ? `[${value.map(describe).join(", ")}]` : `an array of ${value.length} elements`;
  }
  const keys = Object.keys(value);
  const shown = keys.slice(0, 4).map((key) => (key.length > 20 ? `${key.slice(0, 20)}...` : key));
  return keys.length === 0 ? "an object" : `an object with ${shown.join(", ")}${keys.length > 4 ? ", ..." : ""}`;
}
