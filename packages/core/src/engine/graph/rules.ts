import * as binary from "./ops/binary.js";
import * as choice from "./ops/choice.js";
import * as composites from "./ops/composites.js";
import * as contraction from "./ops/contraction.js";
import * as convolution from "./ops/convolution.js";
import * as indexing from "./ops/indexing.js";
import * as movement from "./ops/movement.js";
import * as reductions from "./ops/reductions.js";
import * as sources from "./ops/sources.js";
import * as unary from "./ops/unary.js";
import type { OpName, OpRule, OpRules } from "./value.js";

/** Every op's rule. The mapped type makes a missing or misnamed rule fail to compile. */
const rules: OpRules = {
  ...sources,
  ...unary,
  ...binary,
  ...choice,
  ...reductions,
  ...movement,
  ...indexing,
  ...contraction,
  ...composites,
  ...convolution,
};

export function ruleOf<K extends OpName>(op: K): OpRule<K> {
  return rules[op] as OpRule<K>;
}

/** All op names, in the order of the rule table. */
export const opNames: readonly OpName[] = Object.keys(rules) as OpName[];

/** True for ops that are defined by a decomposition into others. */
export function isComposite(op: OpName): boolean {
  return rules[op].decompose !== undefined;
}
