import type { RecurrentConfig } from "../models/recurrent/index.js";
import { recurrent } from "../models/recurrent/index.js";
import type { OfficialTensor } from "./official-tensor.js";

/** Official names, without a trailing `.weight` or `.bias`, by own ones. */
function officialName(own: string, { mlpLayers }: RecurrentConfig): string {
  const [part = "", index = "", leaf = ""] = own.split(".");
  switch (part) {
    case "level1":
      return "model.time_mlp.1";
    case "level2":
      return "model.time_mlp.3";
    case "condition1":
      return "model.external_cond_mlp.0";
    case "condition2":
      return "model.external_cond_mlp.2";
    case "output":
      return "x_from_z";
    default: {
      // A perceptron of one layer is not wrapped in a sequence, so its layer has no number.
      const layer = `model.mlp_${part}_gru${mlpLayers === 1 ? "" : `.${index}`}`;
      const inside: Readonly<Record<string, string>> = { linear1: ".mlp.0", linear2: ".mlp.2", shortcut: ".shortcut" };
      return `${layer}${inside[leaf] ?? ""}`;
    }
  }
}

/** The learned initial state, a weight of the algorithm that holds the transition. */
export const learnedStateName = "init_z";

/** The paper branch's state dict: `model.` the transition, `x_from_z` the prediction, `init_z` the learned state. */
export function recurrentLayout(config: RecurrentConfig): OfficialTensor[] {
  return Object.entries(recurrent(config).parameters).map(([own, { shape }]) => {
    const cell = /^cells\.(\d+)\.(input|state)\.(weight|bias)$/.exec(own);
    if (own === "initialState") return { official: learnedStateName, officialShape: shape, own: [own], outside: true };
    if (cell !== null) {
      const [, index, source, kind] = cell;
      const official = `model.gru_stack.${index}.${kind}_${source === "input" ? "ih" : "hh"}`;
      return { official, officialShape: shape, own: [own] };
    }
    const kind = own.slice(own.lastIndexOf(".") + 1);
    const official = `${officialName(own.slice(0, -kind.length - 1), config)}.${kind}`;
    return { official, officialShape: shape, own: [own] };
  });
}
