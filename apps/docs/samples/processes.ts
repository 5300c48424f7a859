import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import * as df from "@diffusion-forcing/core";

const backend = await onnxBackend();
const batches: df.BatchSource = (_step, random) => {
  const phase = 2 * Math.PI * random.uniform();
  return {
    tokens: df.tensor(
      Float32Array.from({ length: 8 }, (_, t) => Math.sin(phase + t / 2)),
      [1, 8, 1],
    ),
  };
};

// #region processes
// The same model and the same data under three processes; nothing else changes.
for (const process of [
  df.variancePreserving(df.cosineSchedule(100)),
  df.flowMatching({ levels: 100 }),
  df.edm({ levels: 100 }),
]) {
  const forcing = df.diffusionForcing({
    model: df.transformer({ features: 1, width: 16, layers: 1, heads: 2 }),
    process,
  });
  const { parameters } = await forcing.train({ backend, batches, steps: 20, seed: 0 });

  // And under four solvers, each a value.
  for (const solver of [df.ddim(), df.euler(), df.heun(), df.dpmSolverPlusPlus()]) {
    const sampler = forcing.sampler({ backend, parameters, timesteps: 8, solver });
    const { data } = await sampler.sample({ length: 8, seed: 1 });
    console.log(
      process.config.kind,
      solver.config.kind,
      data[0]?.toFixed(2),
      `${sampler.evaluationsPerStep} evaluations a step`,
    );
    await sampler.dispose();
  }
}
// #endregion processes

await backend.dispose();
