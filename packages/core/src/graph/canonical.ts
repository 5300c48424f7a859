import type { Value } from "./value.js";

/**
 * A node's attributes as text that is equal exactly when the attributes are: the order of keys does not matter,
 * and NaN, the infinities and -0 (which JSON would merge with null and 0) stay apart. A constant's elements are
 * left out; compare those as data.
 */
export function canonicalAttributes(node: Value): string {
  const attributes = Object.entries(node.attributes).filter(([key]) => node.op !== "constant" || key !== "data");
  if (attributes.length === 0) return "";
  attributes.sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(attributes, (_key, value: unknown) =>
    typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)) ? { number: numberName(value) } : value,
  );
}

function numberName(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
