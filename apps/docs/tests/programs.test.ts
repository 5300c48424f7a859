import { join } from "node:path";
import { expect, it } from "vitest";
import { folder, printedBy, programs } from "./programs.js";

// Every program that a page shows, run as it is; those of a page run in one, in the demos' own tests.
const says: Readonly<Record<string, RegExp>> = {
  "five-lines.ts": /^\d+ numbers: x and y/m,
  "own-data.ts": /^loss 0\.\d+\ncolumns \d+\.\d \d+$/m,
  "sampling.ts": /so far 20\ngenerated 40$/,
  "guidance.ts": /^mean of the last token/m,
  "processes.ts": /^edm dpm-solver\+\+ -?\d/m,
  "export.ts": /inputs x, levels$/,
  "new-backend.ts": /^\d+\.\d\d ms/m,
};
it.each(programs)("%s runs", async (name) => {
  const printed = await printedBy(name);
  expect(printed).toMatch(says[name] ?? /^$/);
  if (name !== "guidance.ts") return;
  const [plain = Number.NaN, guided = Number.NaN] =
    /token (\S+), guided (\S+)/.exec(printed)?.slice(1).map(Number) ?? [];
  expect(guided).toBeGreaterThan(plain + 0.3);
});

it("new-task.ts is a task that trains and is measured", async () => {
  const { ramps } = (await import(join(folder, "new-task.ts"))) as typeof import("../samples/new-task.js");
  const { onnxBackend } = await import("@diffusion-forcing/backend-onnx");
  const { diffusionForcing } = await import("@diffusion-forcing/core");
  const backend = await onnxBackend({ threads: 1 });
  const recipe = ramps.presets.small;
  if (recipe === undefined) throw new Error("There is no preset.");
  const { diffusion, batches } = await ramps.prepare(recipe);
  const { parameters } = await diffusionForcing({ model: diffusion.model, process: diffusion.process }).train({
    backend,
    batches,
    steps: 5,
  });
  const report = await ramps.evaluate({ diffusion, parameters }, { backend, options: { draws: 4 } });
  expect(report.rows[0]?.[1]).toMatch(/^\d of 4$/);
  await backend.dispose();
});
