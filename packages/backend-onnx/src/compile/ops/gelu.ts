import type { LoweringRule } from "../lowering.js";

/** x (1 + erf(x / sqrt 2)) / 2; the standard operator set has no Gelu before version 20. */
export const gelu: LoweringRule<"gelu"> = (node, { builder, operands, target }) => {
  const [x] = operands(node) as [string];
  if (target.fusedGelu) return builder.node("Gelu", [x], {}, { domain: "com.microsoft" });
  const error = builder.node("Erf", [builder.node("Mul", [x, builder.float(Math.SQRT1_2)])]);
  const twice = builder.node("Add", [error, builder.float(1)]);
  return builder.node("Mul", [builder.node("Mul", [x, builder.float(0.5)]), twice]);
};
