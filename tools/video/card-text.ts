import { type Estimate, formatEstimate } from "@diffusion-forcing/tasks";
import { markdown } from "../markdown.js";

/** What a run's folder says of its training. */
export interface RunFacts {
  readonly name: string;
  readonly seed: number;
  readonly video: { readonly levels: string; readonly frames: number; readonly batch: number };
  readonly model: { readonly kind: string; readonly [option: string]: unknown };
  readonly training: { readonly steps: number; readonly learningRate: number };
  /** Taken. */
  readonly steps: number;
  readonly seconds: number;
}

interface Accuracy {
  readonly mse: Estimate;
  readonly ssim?: Estimate;
}

/** What `dforce eval` prints of a model of videos. */
export interface Measured {
  readonly model: string;
  readonly videos: number;
  readonly predicted: number;
  readonly length: number;
  readonly steps: number;
  readonly stabilization: number;
  readonly seed: number;
  readonly accuracy: Accuracy & { readonly lastFrame: Accuracy };
  readonly steadiness: {
    readonly within: Estimate;
    readonly own: Estimate;
    readonly deviations: Readonly<Record<string, Estimate>>;
  };
}

const names: Readonly<Record<string, string>> = {
  independent: "Diffusion Forcing",
  same: "causal full-sequence diffusion",
  "clean-past": "teacher forcing",
  "next-frame": "deterministic next frame",
};

export function variantTitle(levels: string, isStabilised: boolean): string {
  return `${names[levels] ?? levels}, ${isStabilised ? "stabilised" : "not stabilised"}`;
}

interface CardFacts {
  readonly name: string;
  readonly facts: RunFacts;
  readonly beside: readonly RunFacts[];
  readonly rows: readonly { readonly title: string; readonly measured: Measured }[];
  readonly cores: number;
}

const command = ({ name, seed }: RunFacts): string =>
  `    npx dforce train video --preset ${name} --seed ${seed} --threads 1 --out runs/${name}`;

/** A card in Markdown. */
export function cardText({ name, facts, beside, rows, cores }: CardFacts): string {
  const [first] = rows;
  if (first === undefined) throw new Error("A card needs measured rows.");
  const { measured } = first;
  const duration = (run: RunFacts): string =>
    `${run.steps} steps in ${Math.round(run.seconds / 60)} minutes of wall time, one thread of a machine with ${cores} cores that was shared with much other work`;
  const accuracy = ({ mse, ssim }: Accuracy): string[] => [
    formatEstimate(mse, 1000, 1),
    ssim === undefined ? "" : formatEstimate(ssim, 1, 3),
  ];
  const farthest = ({ deviations }: Measured["steadiness"]): string => {
    const [statistic, away] =
      Object.entries(deviations).sort(([, a], [, b]) => Math.abs(b.value) - Math.abs(a.value))[0] ?? [];
    return away === undefined ? "" : `${statistic} ${formatEstimate(away)}`;
  };
  const table = markdown(
    [
      "model",
      "MSE x 1000",
      "SSIM",
      "late frames within 3 deviations, %",
      "statistic that went farthest, in deviations",
    ],
    [
      ["the last given frame, as it is", ...accuracy(measured.accuracy.lastFrame), "", ""],
      ["the simulator", 0, 1, formatEstimate(measured.steadiness.own, 100), ""],
      ...rows.map(({ title, measured: found }) => [
        title,
        ...accuracy(found.accuracy),
        formatEstimate(found.steadiness.within, 100),
        farthest(found.steadiness),
      ]),
    ],
  );
  const others =
    beside.length === 0
      ? ""
      : `\nThe models beside it are of the same network, seed and number of parameters:\n\n${beside
          .map((run) => `${command(run)}\n\n${duration(run)}.\n`)
          .join("\n")}`;
  return `# ${name}

A Diffusion Forcing model that imagines a small world of pictures, frame by frame: ${facts.model.kind}, causal, ${facts.video.frames} frames a training sequence. See docs/video.md. Weights are the moving average at the last step, stored as float16.

## Training

${command({ ...facts, name })}

${duration(facts)}. \`training.json\` holds the whole recipe.
${others}
## Evaluation

    npm run video:card -- runs/${name} ${name}${beside.map((run) => ` runs/${run.name}`).join("")}

${measured.videos} videos that no model was trained on, seed ${measured.seed}, 95 % intervals over videos. MSE and SSIM: the first ${measured.predicted} imagined frames against the simulator's, pixels from 0 to 1. Late frames: the last quarter of rollouts of ${measured.length} frames, ${Math.round(measured.length / facts.video.frames)} times the training length; a frame counts if each of its statistics is within 3 standard deviations of what frames of the simulator have.

${table}`;
}
