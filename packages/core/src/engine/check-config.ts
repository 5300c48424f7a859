import * as v from "valibot";

/** Deepest nesting of a configuration. */
const MOST_NESTED = 32;

/**
 * Whether JSON can be made of a value, no object or array of which lies more than so many deep. Goes layer by layer, each object once a layer, so
 * that neither depth, nor cycles, nor objects that share their parts cost more than the layers allowed.
 */
function isJsonNestedAtMost(value: object, most: number): boolean {
  let layer = new Set<object>([value]);
  for (let depth = 0; depth <= most && layer.size > 0; depth++) {
    const next = new Set<object>();
    for (const one of layer) {
      if (ArrayBuffer.isView(one)) continue;
      for (const part of Object.values(one)) {
        if (typeof part === "bigint") return false;
        if (typeof part === "object" && part !== null) next.add(part);
      }
    }
    layer = next;
  }
  return layer.size === 0;
}

/** What describes a process, a model or a solver as JSON: an object with a `kind`, nested no deeper than JSON is read. */
export const configSchema: v.GenericSchema<{ readonly kind: string }> = v.pipe(
  v.looseObject({ kind: v.string() }),
  v.check((config) => isJsonNestedAtMost(config, MOST_NESTED), `an object of JSON, nested at most ${MOST_NESTED} deep`),
);
