import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
// Public subpaths only: this is a task from outside, in one file.
import { type Bundle, cosineSchedule, diffusionForcing, tensor, transformer } from "@diffusion-forcing/core";
import { loadBundle } from "@diffusion-forcing/core/bundle";
import { folderStore } from "@diffusion-forcing/core/node";
import {
  type EvaluationContext,
  formatEstimate,
  type OptionFile,
  type Task,
  type TaskRecipe,
  tasks,
} from "@diffusion-forcing/tasks";
import { describe, expect, it } from "vitest";
import { dforceWith, temporaryFolder } from "./testing/cli.js";

const training = { steps: 3, learningRate: 1e-3, schedule: { kind: "constant" }, emaDecay: 0.9 } as const;

/** Waves of one frequency: a toy. */
const waves: Task = {
  name: "waves",
  summary: "go on with a sine wave",
  presets: { ripple: { frequency: 0.5, training } },
  parseRecipe: (value) => value as TaskRecipe,
  trainingOptions: {
    phases: { kind: "file", summary: "where waves begin", maxBytes: 100 },
    still: { kind: "flag", summary: "waves of no height" },
  },
  prepare: async ({ frequency }, { options } = { options: {} }) => ({
    diffusion: diffusionForcing({
      model: transformer({ features: 1, width: 8, heads: 2, layers: 1, feedForward: 8 }),
      schedule: cosineSchedule(20),
    }),
    batches: () => {
      const { bytes = Uint8Array.of(1) } = (options.phases ?? {}) as Partial<OptionFile>;
      const phase = bytes[0] as number;
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
const names = tasks.map(({ name }) => name).join(", ");

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
      options: { still: false },
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
    expect((await dforceWith(all, "train", "--help")).stdout).toMatch(/\n {2}waves .*go on with a sine wave; presets/);
    const help = (await dforceWith(all, "train", "waves", "--help")).stdout;
    expect(help).toMatch(
      /\n {2}--phases <file> +where waves begin\n[\s\S]*\n {2}--out <folder> +where the run lives\n/,
    );

    const unknown = await dforceWith(tasks, "eval", "--model", out);
    expect(unknown.stderr).toContain(`The model is for the task "waves"; the known ones are ${names}.`);
  });

  it("is told of the user's data, which a run that goes on must find as it was", async () => {
    const folder = await temporaryFolder();
    const [out, phases, moved] = ["run", "phases.bin", "moved.bin"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const train = (...args: string[]) => dforceWith(all, "train", ...args, "--out", out, "--threads", "1");
    const fresh = ["waves", "--preset", "ripple"];
    await writeFile(phases, Uint8Array.of(2));
    expect((await train("--preset", "ripple", "--phases", phases)).stderr).toContain("unknown option '--phases'");
    expect((await train(...fresh, "--phases", moved)).stderr).toContain(
      `error: ${moved} cannot be read: there is no such file. [invalid-argument]`,
    );
    expect((await train(...fresh, "--phases", phases, "--minutes", "0.0000001")).code).toBe(0);
    const { options } = JSON.parse(await readFile(join(out, "training.json"), "utf8"));
    // printf '\2' | sha256sum
    const sha256 = "dbc1b4c900ffe48d575b5da5c638040125f65db0fe3e24494b76ea986457d986";
    expect(options).toEqual({ phases: { file: phases, sha256 }, still: false });

    await writeFile(phases, Uint8Array.of(3));
    const changed = await train("--resume");
    expect([changed.code, changed.stderr]).toEqual([
      1,
      expect.stringContaining(`then it was ${sha256}. Give the file`),
    ]);
    await writeFile(moved, Uint8Array.of(2));
    expect((await train("waves", "--resume", "--still")).stderr).toContain("--still does not go with --resume");
    expect((await train("maze2d", "--resume")).stderr).toContain("is of the task waves, not of maze2d.");
    const resumed = await train("waves", "--resume", "--phases", moved);
    expect([resumed.code, resumed.stderr.match(/error:.*/)?.[0]]).toEqual([0, undefined]);

    // The run's own record is a recipe: with its file, unless another is given.
    const again = ["--config", join(out, "training.json"), "--out", join(folder, "again"), "--threads", "1"];
    expect((await dforceWith(all, "train", ...again)).stderr).toContain("Give it by --phases if that is meant");
    expect((await dforceWith(all, "train", "waves", "--phases", phases, ...again)).code).toBe(0);
  });

  it("names what there is where something is not", async () => {
    const out = join(await temporaryFolder(), "run");
    const noTask = await dforceWith(all, "train", "magic", "--preset", "ripple", "--out", out);
    expect([noTask.code, noTask.stderr]).toEqual([
      2,
      `error: There is no task "magic"; the known ones are ${names}, waves.\n`,
    ]);
    const noPreset = await dforceWith(all, "train", "waves", "--preset", "umaze", "--out", out);
    expect([noPreset.code, noPreset.stderr]).toEqual([2, 'error: There is no preset "umaze": waves has ripple.\n']);
    await mkdir(out);
    await writeFile(join(out, "training.json"), "{}");
    expect((await dforceWith(all, "train", "waves", "--resume", "--out", out)).code).toBe(1);
  });
});
