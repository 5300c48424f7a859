import type { Value } from "./value.js";

/**
 * A node's attributes as text that is equal exactly when the attributes are: the order of keys does not matter,
 * and NaN, the infinities and -0 (which JSON would merge with null and 0) stay apart. A constant's elements are
 * left out; compare those as data.
 */
export function canonicalAttributes(node: Value): string {
  const keys = Object.keys(node.attributes);
  if (keys.length === 0) return "";
  const attributes = node.attributes as Readonly<Record<string, unknown>>;
  const shown = node.op === "constant" ? keys.filter((key) => key !== "data") : keys;
  return shown
    .sort()
    .map((key) => `${key}=${canonicalValue(attributes[key])}`)
    .join(" ");
}

function canonicalValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalValue).join()}]`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  return JSON.stringify(value);
}
