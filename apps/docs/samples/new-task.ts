// #region task
import { cosineSchedule, diffusionForcing, tensor, transformer } from "@diffusion-forcing/core";
import type { Task, TaskRecipe } from "@diffusion-forcing/tasks";

const training = { steps: 200, learningRate: 3e-3, schedule: { kind: "constant" }, emaDecay: 0.99 } as const;

/** Ramps that turn round once: a toy. */
export const ramps: Task = {
  name: "ramps",
  summary: "go on with a ramp that turns round once",
  presets: { small: { slope: 0.2, training } },
  parseRecipe: (value) => value as TaskRecipe, // check it: recipes come out of files
  prepare: async ({ slope }) => ({
    diffusion: diffusionForcing({
      model: transformer({ features: 1, width: 16, layers: 1, heads: 2 }),
      schedule: cosineSchedule(50),
    }),
    batches: (_step, random) => {
      const turn = random.integer(3, 9);
      const ramp = (t: number) => (slope as number) * (t < turn ? t : 2 * turn - t);
      return {
        tokens: tensor(
          Float32Array.from({ length: 12 }, (_, t) => ramp(t) - 1),
          [1, 12, 1],
        ),
      };
    },
    record: { kind: "ramps", slope },
    about: { slope: slope as number },
  }),
  evaluationOptions: () => ({ draws: { kind: "integer", summary: "samples to measure", default: 16, low: 1 } }),
  evaluate: async ({ diffusion, parameters }, { backend, options, signal }) => {
    const forcing = diffusionForcing({ model: diffusion.model, process: diffusion.process });
    const sampler = forcing.sampler({ backend, parameters, timesteps: 10 });
    const batch = (options.draws as number | undefined) ?? 16;
    const { data } = await sampler.sample({ batch, length: 12, seed: 0, ...(signal ? { signal } : {}) });
    await sampler.dispose();
    const smooth = Array.from({ length: batch }, (_, b) => {
      const steps = Array.from({ length: 11 }, (_, t) =>
        Math.abs((data[12 * b + t + 1] as number) - (data[12 * b + t] as number)),
      );
      return Math.max(...steps) < 0.5;
    }).filter(Boolean).length;
    return {
      title: "ramps without a jump",
      rows: [["share", `${smooth} of ${batch}`]],
      document: { smooth, draws: batch },
    };
  },
};
// #endregion task
