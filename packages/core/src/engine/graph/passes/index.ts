export { simplifyAlgebra } from "./algebraic-identities.js";
export { bakeConstants } from "./bake.js";
export { mergeCommonSubexpressions } from "./common-subexpressions.js";
export { foldConstants } from "./constant-folding.js";
export { eliminateDeadCode } from "./dead-code.js";
export { expandComposites } from "./expand-composites.js";
export { optimize, optimizeInTurns } from "./optimize.js";
export { type Rewrite, rewriteGraph } from "./rewrite.js";
