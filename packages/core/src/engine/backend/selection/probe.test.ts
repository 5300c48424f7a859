import { describe, expect, it } from "vitest";
import { deviceStandIn } from "../../../testing/device-stand-in.js";
import * as ops from "../../graph/operations.js";
import { rewriteGraph } from "../../graph/passes/index.js";
import type { OpName, Value, ValueOf } from "../../graph/value.js";
import { referenceBackend } from "../../reference/index.js";
import { isHostTensor, type TensorRecord, tensor } from "../../tensor/tensor.js";
import type { Backend, Executable } from "../contract.js";
import { probeBackend } from "./probe.js";

/** The reference backend with one kernel replaced. */
function withBroken<K extends OpName>(op: K, broken: (node: ValueOf<K>) => Value): Backend {
  const inner = referenceBackend();
  const compile: Backend["compile"] = (graph, options) =>
    inner.compile(
      rewriteGraph(graph, (node) => (node.op === op ? broken(node as ValueOf<K>) : node)),
      options,
    );
  return { ...inner, name: "broken", device: "test", compile };
}

/** The reference backend with other executables. */
function withExecutable(wrap: (executable: Executable) => Executable["run"]): Backend {
  const inner = referenceBackend();
  const compile: Backend["compile"] = async (graph, options) => {
    const executable = await inner.compile(graph, options);
    return { run: wrap(executable), dispose: () => executable.dispose() };
  };
  return { ...inner, compile };
}

const operand = (node: Value, index: number): Value => node.inputs[index] as Value;
const swapped = (x: Value): Value => ops.reshape(x, [...x.shape.slice(0, -2), x.shape.at(-1)!, x.shape.at(-2)!]);

describe("probeBackend", () => {
  it("finds nothing wrong with the backend that defines the others", async () => {
    expect((await probeBackend(referenceBackend())).parity).toBe(0);
  });

  it("frees every tensor of a device", async () => {
    const { backend, live } = deviceStandIn();
    await probeBackend(backend);
    expect(live()).toBe(0);
  });

  it.each<[string, Backend, string]>([
    [
      "a concat that repeats a part from the eighth on",
      withBroken("concat", (node) =>
        node.inputs.length < 8 ? node : ops.concat([...node.inputs.slice(0, 7), ...node.inputs.slice(0, -7)], 1),
      ),
      "concat of many parts",
    ],
    [
      "a strided slice that is one row off",
      withBroken("slice", (node) =>
        node.attributes.strides[0] === 3 ? ops.slice(operand(node, 0), 0, 0, 10, 3) : node,
      ),
      "strided slice",
    ],
    [
      "a product that takes its second operand's memory for transposed",
      withBroken("matmul", (node) => {
        const { transposeA, transposeB } = node.attributes;
        return transposeB ? ops.matmul(operand(node, 0), swapped(operand(node, 1)), { transposeA }) : node;
      }),
      "product with",
    ],
    [
      "a product that takes its first operand's memory for transposed",
      withBroken("matmul", (node) => {
        const { transposeA, transposeB } = node.attributes;
        return transposeA ? ops.matmul(swapped(operand(node, 0)), operand(node, 1), { transposeB }) : node;
      }),
      "product with",
    ],
    [
      "a softmax that overflows beside a mask",
      withBroken("softmax", (node) => {
        const powers = ops.exp(ops.sub(operand(node, 0), ops.mean(operand(node, 0), [3], true)));
        return ops.div(powers, ops.sum(powers, [3], true));
      }),
      "masked softmax",
    ],
    [
      "a gather that stops at row 7",
      withBroken("gather", (node) => ops.gather(operand(node, 0), ops.minimum(operand(node, 1), 7))),
      "gather",
    ],
    [
      "a scatter-add that keeps only the last of equal indices",
      withBroken("scatterAdd", (node) => {
        const kept = ops.constant(tensor([0, 1, 1, 1, 1, 1], [6, 1]));
        return ops.scatterAdd(ops.mul(operand(node, 0), kept), operand(node, 1), node.attributes.size);
      }),
      "scatter-add",
    ],
    [
      "a sum that leaves an element out",
      withBroken("sum", (node) => {
        const { axes, keepDims } = node.attributes;
        const axis = axes[0] as number;
        return ops.sum(ops.slice(operand(node, 0), axis, 0, operand(node, 0).shape[axis]! - 1), axes, keepDims);
      }),
      "",
    ],
    ["a derivative's kernel that is wrong", withBroken("tanh", (node) => ops.sub(node, 0.01)), "gradient by the"],
    [
      "a device that runs on the state it was fed first",
      withExecutable((executable) => {
        let stale: TensorRecord[string] | undefined;
        return ({ state, ...rest }) => {
          stale ??= state!;
          return executable.run({ ...rest, state: stale });
        };
      }),
      "state, the state fed back",
    ],
    [
      "a device that writes into tensors it has given out",
      withExecutable((executable) => {
        const kept: Record<string, TensorRecord[string]> = {};
        return async (inputs) => {
          for (const [name, value] of Object.entries(await executable.run(inputs))) {
            const old = kept[name];
            if (old && isHostTensor(old) && isHostTensor(value)) old.data.set(value.data);
            else kept[name] = value;
          }
          return { ...kept };
        };
      }),
      "state",
    ],
  ])("refuses %s", async (_what, backend, output) => {
    await expect(probeBackend(backend)).rejects.toMatchObject({
      code: "backend-failure",
      message: expect.stringMatching(new RegExp(`computes wrong numbers.*: .*${output}.* \\(by`)),
    });
  });

  it("refuses a backend without an output", async () => {
    const backend = withExecutable((executable) => async (inputs) => {
      const { gather, ...rest } = await executable.run(inputs);
      return rest;
    });
    await expect(probeBackend(backend)).rejects.toMatchObject({
      message: expect.stringContaining("gather (by Infinity %)"),
    });
  });

  it("tolerates a product of ten bits of mantissa, as a GPU's tensor cores have it", async () => {
    // Clears the last 13 of 23 bits, as TF32 does, by way of Dekker's splitting.
    const rounded = (x: Value): Value => {
      const scaled = ops.mul(x, 2 ** 13 + 1);
      return ops.sub(scaled, ops.sub(scaled, x));
    };
    const backend = withBroken("matmul", (node) =>
      ops.matmul(rounded(operand(node, 0)), rounded(operand(node, 1)), node.attributes),
    );
    const { parity } = await probeBackend(backend);
    expect(parity).toBeGreaterThan(1e-5);
    expect(parity).toBeLessThan(2e-3);
  });
});
