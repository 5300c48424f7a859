/**
 * Reads the name out of a typed array's internal slot, which no realm and no property can disguise: also for an array of
 * another frame, of a virtual machine's context, or of a subclass such as Node's Buffer.
 */
const builtInName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)?.get as (this: unknown) => string | undefined;

/** "Float32Array", "Float64Array" and so on for a typed array of whatever realm; undefined for anything else. */
export function typedArrayName(data: unknown): string | undefined {
  return builtInName.call(data);
}

/** Whether it is one, of whatever realm. */
export function isFloat64Array(data: unknown): data is Float64Array {
  return typedArrayName(data) === "Float64Array";
}

/** Whether it is an array or floats, of whatever realm: elements of an array may still be anything. */
export function isNumberList(data: unknown): data is readonly unknown[] | Float32Array | Float64Array {
  return Array.isArray(data) || typedArrayName(data) === "Float32Array" || isFloat64Array(data);
}
