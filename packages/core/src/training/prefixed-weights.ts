import { check, schemas } from "../engine/check.js";
import type { HostTensorRecord } from "../engine/tensor/tensor.js";

const schema = schemas.having<HostTensorRecord>("weights by parameter name");

/**
 * The weights whose names begin with a prefix, without it, and all others: what a training learned beside what it trains.
 *
 * @throws `invalid-argument` for what are no weights
 */
export function splitWeights(
  what: string,
  parameters: HostTensorRecord,
  prefix: string,
): { readonly beside: HostTensorRecord; readonly others: HostTensorRecord } {
  const entries = Object.entries(check(what, schema, parameters));
  const beside = entries.filter(([name]) => name.startsWith(prefix));
  return {
    beside: Object.fromEntries(beside.map(([name, value]) => [name.slice(prefix.length), value])),
    others: Object.fromEntries(entries.filter(([name]) => !name.startsWith(prefix))),
  };
}
