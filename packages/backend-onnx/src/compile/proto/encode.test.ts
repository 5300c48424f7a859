import { describe, expect, it } from "vitest";
import { decodeModel } from "./decode.js";
import { encodeModel } from "./encode.js";
import type { OnnxModel } from "./model.js";

const model: OnnxModel = {
  irVersion: 8,
  producer: "test",
  operatorSets: [
    { domain: "", version: 18 },
    { domain: "com.microsoft", version: 1 },
  ],
  metadata: { width: "128", note: "größe" },
  graph: {
    name: "g",
    nodes: [
      {
        name: "n",
        operator: "Gemm",
        domain: "",
        inputs: ["x", "", "w"],
        outputs: ["y"],
        attributes: {
          transB: { type: "int", value: 1 },
          axis: { type: "int", value: -1 },
          alpha: { type: "float", value: 0.5 },
          mode: { type: "string", value: "constant" },
          perm: { type: "ints", value: [1, -2, 300] },
          scales: { type: "floats", value: [0.25, -8] },
        },
      },
    ],
    initializers: [
      { name: "w", elementType: "float32", shape: [1, 2], bytes: Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 64) },
    ],
    inputs: [{ name: "x", elementType: "int32", shape: ["batch", 2] }],
    outputs: [{ name: "y", elementType: "bool", shape: [] }],
  },
};

describe("ONNX protobuf", () => {
  it("reads back what it wrote", () => {
    expect(decodeModel(encodeModel(model))).toEqual(model);
  });

  it("writes the bytes that onnx.proto prescribes", () => {
    const smallest = {
      ...model,
      producer: "p",
      operatorSets: [],
      metadata: {},
      graph: { ...model.graph, nodes: [], initializers: [], inputs: [], outputs: [] },
    };
    // field 1 varint 8; field 2 "p"; field 7 a message holding field 2 "g"
    expect([...encodeModel(smallest)]).toEqual([0x08, 8, 0x12, 1, 0x70, 0x3a, 3, 0x12, 1, 0x67]);
  });

  it("says where a tensor's bytes are that are elsewhere", () => {
    const elsewhere = {
      name: "w",
      elementType: "float32",
      shape: [1],
      bytes: new Uint8Array(4),
      location: "f",
    } as const;
    const bytes = encodeModel({
      ...model,
      producer: "p",
      operatorSets: [],
      metadata: {},
      graph: { name: "g", nodes: [], initializers: [elsewhere], inputs: [], outputs: [] },
    });
    // TensorProto: dims 1, data_type 1, name "w", external_data { "location": "f" }, data_location EXTERNAL
    const location = [0x0a, 8, ...Buffer.from("location"), 0x12, 1, 0x66];
    const tensor = [0x08, 1, 0x10, 1, 0x42, 1, 0x77, 0x6a, location.length, ...location, 0x70, 1];
    expect([...bytes.subarray(-tensor.length - 2)]).toEqual([0x2a, tensor.length, ...tensor]);
  });

  it("refuses bytes that are no model", () => {
    expect(() => decodeModel(Uint8Array.of(1, 2, 3, 4))).toThrowError(
      expect.objectContaining({ code: "corrupt-file" }),
    );
    expect(() => decodeModel(new Uint8Array(0))).toThrowError(expect.objectContaining({ code: "corrupt-file" }));
  });
});
