import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createRandom,
  type HostTensor,
  initializeParameters,
  recurrent,
  referenceBackend,
  tensor,
  transformer,
} from "@diffusion-forcing/core";
import { encodeSafetensors } from "@diffusion-forcing/core/bundle";
import type { Value } from "@diffusion-forcing/core/graph";
import type { Model } from "@diffusion-forcing/core/models";
import { toOfficial } from "@diffusion-forcing/core/official";
import { afterAll, describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.js";
import { type CaseReport, runCase } from "./run-case.js";

type Tensors = Record<string, HostTensor<"float32">>;

const folder = mkdtempSync(join(tmpdir(), "golden-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function judged(kind: string, config: object, tensors: Tensors, more: object = {}): Promise<CaseReport> {
  writeFileSync(join(folder, "case.json"), JSON.stringify({ name: "case", kind, config, ...more }));
  writeFileSync(join(folder, "case.safetensors"), encodeSafetensors(tensors));
  return runCase(folder, "case", referenceBackend());
}

const random = createRandom(1);
function drawn(...shape: number[]): HostTensor<"float32"> {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Float32Array.from({ length: size }, () => random.normal()),
    shape,
  );
}

function weights(model: Model): Tensors {
  const official = toOfficial(model.config, initializeParameters(model, createRandom(2)));
  return Object.fromEntries(Object.entries(official).map(([name, value]) => [`w.${name}`, value]));
}

const diffusion = {
  timesteps: 4,
  sampling_timesteps: 4,
  beta_schedule: "cosine",
  objective: "pred_v",
  use_fused_snr: false,
  snr_clip: 5,
  cum_snr_decay: 0.98,
  ddim_sampling_eta: 0,
  clip_noise: 20,
  stabilization_level: 1,
  architecture: { network_size: 8, num_layers: 1, attn_heads: 2, dim_feedforward: 8 },
};
const model = transformer({
  features: 3,
  width: 8,
  layers: 1,
  heads: 2,
  feedForward: 8,
  positions: "sinusoidal",
});

describe("a case of a transformer that stores the forward pass alone", async () => {
  const config = { diffusion, x_dim: 3, external_cond_dim: 0, is_causal: true };
  const x = drawn(5, 1, 3); // [T, B, C]
  const levels = [-1, 0, 3, 2, 1];
  const inputs = {
    ...initializeParameters(model, createRandom(2)),
    tokens: tensor(x.data, [1, 5, 3]),
    noiseLevels: tensor(
      Int32Array.from(levels, (level) => level + 1),
      [1, 5],
    ),
  };
  const { output } = await evaluate(referenceBackend(), inputs, (values) => ({
    output: model.apply(values, {
      tokens: values.tokens as Value,
      noiseLevels: values.noiseLevels as Value,
      levelCount: 4,
    }),
  }));
  const tensors = {
    ...weights(model),
    "in.x": x,
    "in.noise_levels": tensor(levels, [5, 1]),
    "out.model_forward": tensor(Float32Array.from(output!.data), [5, 1, 3]),
  };

  it("needs neither noise nor an optimiser", async () => {
    expect(await judged("D.transformer", config, tensors)).toMatchObject({ outcome: "ok", tensors: 1 });
  });

  it("may store less than is computed, but what it stores is compared", async () => {
    const noised = { ...tensors, "draw.0000": drawn(5, 1, 3) };
    expect(await judged("D.transformer", config, noised)).toMatchObject({ outcome: "ok", tensors: 1 });
    const more = await judged("D.transformer", config, { ...tensors, "out.loss_mean": tensor([1], []) });
    expect(more).toMatchObject({ outcome: "FAIL", reason: "not computed: out.loss_mean" });
    const wrong = { ...tensors, "out.model_forward": drawn(5, 1, 3) };
    expect(await judged("D.transformer", config, wrong)).toMatchObject({ outcome: "FAIL" });
    const { "out.model_forward": _, ...none } = tensors;
    expect(await judged("D.transformer", config, none)).toMatchObject({ reason: "nothing was compared" });
  });
});

describe("a case of a DDPM rollout", () => {
  it("may have no token of context", async () => {
    const config = {
      x_shape: [3],
      frame_stack: 1,
      frame_skip: 1,
      context_frames: 0,
      chunk_size: 2,
      external_cond_dim: 0,
      causal: true,
      uncertainty_scale: 1,
      scheduling_matrix: "full_sequence",
      data_mean: [0, 0, 0],
      data_std: [1, 1, 1],
      n_tokens: 3,
      diffusion,
    };
    // Two chunks of two tokens in a window of three; a draw to begin with, then two a step.
    const windows = [2, 3].flatMap((window) => [2, ...new Array<number>(8).fill(window)]);
    const draws = windows.map((length, i) => [`draw.${String(i).padStart(4, "0")}`, drawn(length, 2, 3)]);
    const observations = drawn(2, 4, 3); // [B, T, C]
    const frames = Float32Array.from({ length: 24 }, (_, i) => {
      const [t, b, c] = [Math.floor(i / 6), Math.floor(i / 3) % 2, i % 3];
      return observations.data[(b * 4 + t) * 3 + c]!;
    });
    const tensors = {
      ...weights(model),
      ...Object.fromEntries(draws),
      "in.observations": observations,
      "in.context": tensor(new Float32Array(0), [0, 2, 3]),
      "out.xs": tensor(frames, [4, 2, 3]),
    };
    expect(await judged("G.rollout", config, tensors)).toMatchObject({ outcome: "ok", tensors: 1 });
  });
});

describe("a case of a recurrent model", () => {
  it("may have no GRU cells", async () => {
    const cellless = recurrent({ features: 2, stateSize: 4, width: 4, cells: 0 });
    const config = {
      x_shape: [2],
      z_shape: [4],
      frame_stack: 1,
      external_cond_dim: 0,
      gt_first_frame: 0,
      gt_cond_prob: 0,
      learnable_init_z: false,
      data_mean: [0, 0],
      data_std: [1, 1],
      diffusion: { ...diffusion, network_size: 4, num_gru_layers: 0, num_mlp_layers: 1, use_snr: true },
    };
    const observations = drawn(2, 3, 2);
    const steps = [0, 1, 2].flatMap((t) => [
      { fn: "randint", tensor: `draw.000${2 * t}`, shape: [2] },
      { fn: "randn_like", tensor: `draw.000${2 * t + 1}`, shape: [2, 2] },
    ]);
    const tensors = {
      ...weights(cellless),
      "in.observations": observations,
      "in.nonterminals": tensor(new Float32Array(6).fill(1), [2, 3]),
      ...Object.fromEntries(
        steps.map(({ fn, tensor: name }) => [name, fn === "randint" ? tensor([1, 3], [2]) : drawn(2, 2)]),
      ),
      "out.loss": tensor([0], []),
    };
    const report = await judged("H.rnn_train", config, tensors, { draws: { all: steps } });
    // The loss is no zero: what counts is that the weights fit and the loss is computed.
    expect(report).toMatchObject({ tensors: 1, worst: { tensor: "out.loss" } });
    expect(Number.isFinite(report.worst!.error)).toBe(true);
    expect(Object.keys(tensors).some((name) => name.includes("gru_stack"))).toBe(false);
  });
});

describe("a folder with damaged files", () => {
  it("is counted case by case, and never ends the run", async () => {
    writeFileSync(join(folder, "torn.json"), '{"name": "torn", "kind": "A.sch');
    writeFileSync(join(folder, "alone.json"), '{"name": "alone", "kind": "A.schedule"}');
    writeFileSync(join(folder, "new.json"), '{"name": "new", "kind": "Z.unheard"}');
    writeFileSync(join(folder, "null.json"), "null");
    writeFileSync(join(folder, "empty.json"), '{"kind": "D.transformer"}');
    writeFileSync(join(folder, "empty.safetensors"), encodeSafetensors({}));
    const outcomes = [];
    for (const name of ["torn", "alone", "new", "null", "empty"]) {
      outcomes.push((await runCase(folder, name, referenceBackend())).outcome);
    }
    expect(outcomes).toEqual(["FAIL", "FAIL", "unsupported", "FAIL", "FAIL"]);
  });
});
