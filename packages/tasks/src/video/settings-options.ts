import type { Bundle } from "@diffusion-forcing/core";
import type { OptionSchemas } from "../task-options.js";
import { usualSettings } from "./imagine.js";
import { videoRecordOf } from "./record.js";

/** How frames are sampled, for whoever samples: with the bounds and defaults of a bundle. */
export function settingsOptions(bundle?: Bundle): OptionSchemas {
  const settings = bundle && usualSettings(bundle, videoRecordOf(bundle));
  const levels = bundle?.diffusion.process.levels ?? 10_000;
  return {
    steps: {
      kind: "integer",
      summary: "denoising steps a frame takes",
      default: settings?.steps ?? 10,
      low: 1,
      high: levels,
    },
    stabilization: {
      kind: "integer",
      summary: "level that clean frames pretend to have (0: the least that the model knows)",
      default: settings?.stabilization ?? 10,
      low: 0,
      high: levels,
    },
  };
}
