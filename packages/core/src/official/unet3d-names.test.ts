import { describe, expect, it } from "vitest";
import { sizeOf } from "../engine/tensor/shape.js";
import { unet3d } from "../models/unet3d/unet3d.js";
import { officialConstants, officialParameters } from "./unet3d-names.js";

const options = { tokenShape: [3, 8, 8], width: 8, multipliers: [1, 2], attentionFactors: [2] };

describe("official names", () => {
  it("name every parameter once, with as many elements", () => {
    for (const positions of ["rotary", "sinusoidal"] as const) {
      const { parameters } = unet3d({ ...options, positions });
      const names = officialParameters({ ...options, positions });
      expect(names.map(({ own }) => own).sort()).toEqual(Object.keys(parameters).sort());
      expect(new Set(names.map(({ official }) => official)).size).toBe(names.length);
      for (const { own, officialShape } of names) expect(sizeOf(officialShape)).toBe(sizeOf(parameters[own]!.shape));
    }
  });

  it("leave out parts that a level does not have without renumbering the others", () => {
    const names = Object.fromEntries(officialParameters(options).map((entry) => [entry.own, entry]));
    expect(names["up.0.resampling.weight"]).toEqual({
      official: "model.module.up_blocks.0.4.conv.weight",
      officialShape: [8, 8, 1, 3, 3],
      own: "up.0.resampling.weight",
    });
    expect(names["down.0.spatial.norm.scale"]).toBeUndefined();
    expect(names["down.1.temporal.projection.weight"]?.official).toBe(
      "model.module.down_blocks.1.0.3.wrapper.module.attn_block.attn.to_qkv.weight",
    );
    expect(names["middle.block2.modulation.bias"]?.official).toBe("model.module.mid_block.3.emb_layers.1.bias");
  });

  it("are not there for a net with conditions", () => {
    expect(() => officialParameters({ ...options, conditionFeatures: 2 })).toThrow(
      "The official U-Net takes no conditions; got conditionFeatures 2, expected 0.",
    );
  });

  it("list the frequencies that the official state dict holds for every temporal attention", () => {
    const constants = officialConstants({ ...options, headWidth: 4 });
    expect(Object.keys(constants)).toEqual([
      "model.module.rotary_time_pos_embedding.freqs",
      "model.module.init_temporal_attn.wrapper.module.attn_block.attn.rotary_emb.freqs",
      "model.module.down_blocks.1.0.3.wrapper.module.attn_block.attn.rotary_emb.freqs",
      "model.module.up_blocks.0.3.wrapper.module.attn_block.attn.rotary_emb.freqs",
      "model.module.mid_block.2.wrapper.module.attn_block.attn.rotary_emb.freqs",
    ]);
    expect([...Object.values(constants)[1]!]).toEqual([1, expect.closeTo(0.01, 8)]);
    expect(officialConstants({ ...options, positions: "sinusoidal" })).toEqual({});
  });
});
