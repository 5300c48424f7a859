import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
// Public subpaths only: this is a task from outside, in one file.
import { type Bundle, cosineSchedule, diffusionForcing, tensor, transformer } from "@diffusion-forcing/core";
import { loadBundle } from "@diffusion-forcing/core/bundle";
import { folderStore } from "@diffusion-forcing/core/node";
import { type EvaluationContext, formatEstimate, type Task, type TaskRecipe, tasks } from "@diffusion-forcing/tasks";
import { describe, expect, it } from "vitest";
import { dforceWith, temporaryFolder } from "./testing/cli.js";

const training = { steps: 3, learningRate: 1e-3, schedule: { kind: "constant" }, emaDecay: 0.9 } as const;

/** Waves of one frequency: a toy. */
const waves: Task = {
  name: "waves",
  summary: "go on with a sine wave",
  presets: { ripple: { frequency: 0.5, training } },
  parseRecipe: (value) => value as TaskRecipe,
  prepare: async ({ frequency }) => ({
    diffusion: diffusionForcing({
      model: transformer({ features: 1, width: 8, heads: 2, layers: 1, feedForward: 8 }),
      schedule: cosineSchedule(20),
    }),
    batches: (_step, random) => {
      const phase = random.uniform();
      return {
        tokens: tensor(
          Float32Array.from({ length: 8 }, (_, t) => Math.sin(phase + t * (frequency as number))),
          [1, 8, 1],
        ),
      };
    },
    record: { kind: "waves", frequency },
    about: { frequency: frequency as number },
  }),
  evaluationOptions: () => ({ draws: { kind: "integer", summary: "how many", default: 2, low: 1, high: 9 } }),
  evaluate: async ({ task }: Bundle, { options, onProgress }: EvaluationContext) => {
    onProgress?.(1, 1);
    const share = { value: 0.5, low: 0.25, high: 0.75 };
    return {
      title: `waves of ${task?.frequency}`,
      rows: [["share", formatEstimate(share)]],
      document: { share, draws: options.draws },
    };
  },
};
const all = [...tasks, waves];

describe("a task from outside, injected as one value", () => {
  it("is trained, inspected in --help, and measured by the program", async () => {
    const out = join(await temporaryFolder(), "run");
    const trained = await dforceWith(
      all,
      "train",
      "waves",
      "--preset",
      "ripple",
      "--out",
      out,
      "--threads",
      "1",
      "--json",
    );
    expect([trained.code, trained.stderr.match(/error:.*/)?.[0]]).toEqual([0, undefined]);
    expect(JSON.parse(trained.stdout)).toMatchObject({ task: "waves", frequency: 0.5, steps: 3, finished: true });
    expect(JSON.parse(await readFile(join(out, "training.json"), "utf8"))).toEqual({
      task: "waves",
      frequency: 0.5,
      training,
      seed: 0,
    });
    expect((await loadBundle(folderStore(out))).task).toEqual({ kind: "waves", frequency: 0.5 });

    const measured = await dforceWith(all, "eval", "--model", out, "--threads", "1", "--draws", "3", "--json");
    expect(JSON.parse(measured.stdout)).toMatchObject({ share: { value: 0.5 }, draws: 3 });
    const shown = await dforceWith(all, "eval", "--model", out, "--threads", "1");
    expect(shown.stdout).toMatch(/^waves of 0\.5\n {2}share +0\.5 \[0\.3, 0\.8\]\n$/);
    const wrong = await dforceWith(all, "eval", "--model", out, "--draws", "10");
    expect([wrong.code, wrong.stderr]).toEqual([2, 'error: --draws is "10"; expected a whole number from 1 to 9.\n']);
    expect((await dforceWith(all, "eval", "--model", out, "--episodes", "3")).code).toBe(2);
    expect((await dforceWith(all, "eval", "--help")).stdout).toContain("Models of waves:\n  --draws <n>");
    expect((await dforceWith(all, "train", "--help")).stdout).toContain(
      "waves: go on with a sine wave; presets ripple",
    );

    const unknown = await dforceWith(tasks, "eval", "--model", out);
    expect(unknown.stderr).toContain('The model is for the task "waves"; the known ones are maze2d, moving-dots.');
  });

  it("names what there is where something is not", async () => {
    const out = join(await temporaryFolder(), "run");
    const noTask = await dforceWith(all, "train", "magic", "--preset", "ripple", "--out", out);
    expect([noTask.code, noTask.stderr]).toEqual([
      2,
      'error: There is no task "magic"; the known ones are maze2d, moving-dots, waves.\n',
    ]);
    const noPreset = await dforceWith(all, "train", "waves", "--preset", "umaze", "--out", out);
    expect([noPreset.code, noPreset.stderr]).toEqual([2, 'error: There is no preset "umaze": waves has ripple.\n']);
    await mkdir(out);
    await writeFile(join(out, "training.json"), "{}");
    expect((await dforceWith(all, "train", "waves", "--resume", "--out", out)).code).toBe(2);
  });
});
