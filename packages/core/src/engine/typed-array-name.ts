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
