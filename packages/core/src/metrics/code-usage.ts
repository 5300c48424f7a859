import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { checkNumbers, type Numbers } from "./numbers.js";

/** How evenly the codes of a codebook are used. */
export interface CodeUsage {
  /** How many codes occur at all. */
  readonly used: number;
  /** e to the entropy of the codes' shares: as many codes of equal shares would tell as much. 1 in a collapsed codebook. */
  readonly perplexity: number;
  /** Each code's share, [codes]. */
  readonly shares: Float64Array;
}

/**
 * Which of `codes` codes occur among those that data were given, of any shape, and how evenly: a perplexity far below
 * `codes` means that the codebook has collapsed.
 *
 * @throws `invalid-data` for a code there is not, or none at all; `invalid-argument` for what are no numbers.
 */
export function codeUsage(found: Numbers, codes: number): CodeUsage {
  checkNumbers("codeUsage", found);
  check("codeUsage: codes", schemas.integer(1, 2 ** 20), codes);
  const shares = new Float64Array(codes);
  const total = found.data.length;
  for (const code of Array.from(found.data)) {
    if (!Number.isInteger(code) || code < 0 || code >= codes) {
      throw new DiffusionForcingError(
        "invalid-data",
        `codeUsage: there is no code ${code}; expected whole numbers from 0 to ${codes - 1}.`,
      );
    }
    shares[code] = (shares[code] as number) + 1 / total;
  }
  if (total === 0) throw new DiffusionForcingError("invalid-data", "codeUsage: there are no codes; expected some.");
  const nats = shares.reduce((sum, share) => sum - (share > 0 ? share * Math.log(share) : 0), 0);
  return { used: shares.filter((share) => share > 0).length, perplexity: Math.exp(nats), shares };
}
