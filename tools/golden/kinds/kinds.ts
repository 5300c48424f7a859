import type { Backend } from "@diffusion-forcing/core";
import type { GoldenCase } from "../case.js";
import type { TensorResult } from "../compare.js";
import { runConversions } from "./conversions.js";
import { runCrps } from "./crps.js";
import { runLossWeights } from "./loss-weights.js";
import { runPlanning } from "./planning.js";
import { runPlanningTraining } from "./planning-training.js";
import { runRecurrentRollout, runRecurrentSteps } from "./recurrent-sampling.js";
import { runRecurrentTraining } from "./recurrent-training.js";
import { runRollout } from "./rollout.js";
import { runSampleStep } from "./sample-step.js";
import { runSchedule } from "./schedule.js";
import { runSchedulingMatrix } from "./scheduling-matrix.js";
import { runTransformer } from "./transformer.js";
import { runUNet3d } from "./unet3d.js";

/** Computes a case's tensors with the library; throws `UnsupportedCase` for what the library does not offer. */
export type Kind = (golden: GoldenCase, backend: Backend) => readonly TensorResult[] | Promise<readonly TensorResult[]>;

/** Who runs the cases of a kind. A kind without an entry counts as unsupported. */
export const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["A.schedule", runSchedule],
  ["B.loss_weights", runLossWeights],
  ["C.conversions", runConversions],
  ["D.transformer", runTransformer],
  ["E.sample_step", runSampleStep],
  ["F.scheduling_matrix", runSchedulingMatrix],
  ["G.plan", runPlanning],
  ["G.rollout", runRollout],
  ["H.crps", runCrps],
  ["H.rnn_ddim_step", runRecurrentSteps],
  ["H.rnn_rollout", runRecurrentRollout],
  ["H.rnn_train", runRecurrentTraining],
  ["J.unet3d", runUNet3d],
  ["K.planning_train", runPlanningTraining],
]);
