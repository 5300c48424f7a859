import { join } from "node:path";
import { type Chorale, infill, pianoRoll, readMidi, writeMidi } from "@diffusion-forcing/tasks/music";
import { Command } from "commander";
import { type BackendChoice, openBackend } from "../backend.js";
import { backendOption } from "../backends/choice.js";
import { ensureWritable, writeAtomically } from "../files/atomic-write.js";
import { readInput } from "../files/input.js";
import { loadModel, modelFiles } from "../files/models.js";
import { checkOutputs, forceOption } from "../files/outputs.js";
import { jsonOption, quietOption, seedOption, threadsOption, UsageError, whole } from "../options.js";
import { withProgress } from "../output/progress.js";
import { toPng } from "../output/raster.js";
import { interruptible } from "../process/interrupt.js";

interface InfillCommandOptions extends BackendChoice {
  readonly model: string;
  readonly data: string;
  readonly bars: readonly [first: number, last: number];
  readonly samples: number;
  readonly steps: number;
  readonly seed: number;
  readonly out: string;
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const MOST_MIDI_BYTES = 1_000_000;
/** In pixels. */
const pictureWidth = 1400;

export function infillCommand(): Command {
  return new Command("infill")
    .description("fill in bars of a chorale: the others are known, and stay as they are")
    .option("--model <name>", "a bundled model or a model folder", "music")
    .requiredOption("--data <file>", "the chorale: a MIDI file of four voices in 4/4")
    .requiredOption("--bars <first-last>", "the bars to fill in, from 1; what they hold does not matter", bars)
    .option("--samples <n>", "how many versions", whole("--samples", 1, 1000), 1)
    .option("--steps <n>", "denoising steps", whole("--steps", 1), 50)
    .requiredOption("--out <folder>", "where infilled-1.mid and so on, infilled.svg and infilled.png go")
    .addOption(seedOption)
    .addOption(backendOption)
    .addOption(threadsOption)
    .addOption(forceOption)
    .addOption(quietOption)
    .addOption(jsonOption)
    .action(async (options: InfillCommandOptions) => {
      await interruptible(
        (signal) => fillIn(options, signal),
        "stopping",
        () => "Stopped; nothing was written.",
      );
    });
}

/** "5-8", or "5" for one bar alone. */
function bars(text: string): readonly [number, number] {
  const [, first, last = first] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(text) ?? [];
  if (first === undefined || last === undefined || Number(first) < 1 || Number(last) < Number(first)) {
    throw new UsageError(`--bars is "${text.slice(0, 40)}"; expected a bar or a range of bars, such as 5-8.`);
  }
  return [Number(first), Number(last)];
}

async function fillIn(options: InfillCommandOptions, signal: AbortSignal): Promise<void> {
  const { model, data, bars: filled, samples, steps, seed, out, force, quiet } = options;
  const midi = Array.from({ length: samples }, (_, i) => join(out, `infilled-${i + 1}.mid`));
  const pictures = { drawing: join(out, "infilled.svg"), still: join(out, "infilled.png") };
  const files = [...midi, ...Object.values(pictures)];
  await checkOutputs({ files, inputs: [data, ...modelFiles(model)], force });
  const chorale = readMidi({ name: data, bytes: await readInput(data, MOST_MIDI_BYTES) });
  const bundle = await loadModel(model);
  const backend = await openBackend(options);
  let versions: Chorale[];
  try {
    await ensureWritable(out);
    const asked = { backend, chorale, bars: filled, samples, steps, seed, signal };
    versions = await withProgress(
      "filling in",
      steps,
      (onProgress) => infill(bundle, { ...asked, onProgress: (done) => onProgress(done) }),
      { quiet },
    );
  } finally {
    await backend.dispose();
  }
  const titles = ["given", ...versions.map((_, i) => (samples === 1 ? "filled in" : `filled in, ${i + 1}`))];
  const drawing = pianoRoll([chorale, ...versions], { filled, titles });
  for (const [i, version] of versions.entries()) await writeAtomically(midi[i] as string, writeMidi(version));
  await writeAtomically(pictures.drawing, drawing);
  await writeAtomically(pictures.still, toPng(drawing, pictureWidth));
  const document = { model, data, bars: filled, samples, steps, seed, files };
  process.stdout.write(
    options.json
      ? `${JSON.stringify(document)}\n`
      : `filled in bars ${filled.join(" to ")} of ${data}\nwrote ${files.join(", ")}\n`,
  );
}
