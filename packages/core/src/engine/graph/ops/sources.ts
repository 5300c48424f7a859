import { describe } from "../../describe.js";
import { DiffusionForcingError } from "../../errors.js";
import { dtypeOf } from "../../tensor/dtype.js";
import { checkShape, formatShape, sizeOf } from "../../tensor/shape.js";
import type { OpRule } from "../value.js";

export const input: OpRule<"input"> = {
  infer: (_inputs, { name, dtype, shape }) => {
    checkShape(shape, `input "${name}"`);
    return { dtype, shape };
  },
  derivative: "zero",
};

export const constant: OpRule<"constant"> = {
  infer: (_inputs, { data, shape }) => {
    checkShape(shape, "constant");
    const dtype = dtypeOf(data);
    if (dtype === undefined || data.length !== sizeOf(shape)) {
      throw new DiffusionForcingError(
        "shape-mismatch",
        `constant: the data are ${describe(data)}; expected a typed array of ${sizeOf(shape)} elements, to fill the shape ${formatShape(shape)}.`,
      );
    }
    return { dtype, shape };
  },
  derivative: "zero",
};
