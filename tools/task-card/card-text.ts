import type { TaskReport } from "@diffusion-forcing/tasks";
import { markdown } from "../markdown.js";
import type { ModelCard } from "./models.js";

/** What a run's folder says of its training. */
export interface RunFacts {
  readonly task: string;
  readonly seed: number;
  readonly steps: number;
  /** Of all sessions together. */
  readonly seconds: number;
  /** Of a file of data that the run read. */
  readonly data?: { readonly file: string; readonly sha256: string };
}

interface CardFacts {
  readonly name: string;
  readonly model: ModelCard;
  readonly run: RunFacts;
  readonly report: Pick<TaskReport, "title" | "rows" | "note">;
  readonly cores: number;
}

const flag = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** A card in Markdown. */
export function cardText({ name, model, run, report, cores }: CardFacts): string {
  const data = run.data ? ` --data ${run.data.file}` : "";
  const train = `npx dforce train ${run.task}${data} --preset ${model.preset} --seed ${run.seed} --threads 1 --out runs/${name}`;
  const options = Object.entries(model.options).map(([key, value]) =>
    value === true ? flag(key) : `${flag(key)} ${value}`,
  );
  const evaluate = ["npx dforce eval", name + data, ...options].join(" ");
  const checksum = run.data ? ` SHA-256 of \`${run.data.file}\`: \`${run.data.sha256}\`.` : "";
  return `# ${name}

${model.about} Weights are the moving average at the last step.

## Training

    ${train}

${run.steps} steps in ${(run.seconds / 60).toFixed(1)} minutes of wall time, one thread of a machine of ${cores} cores that was shared with much other work. ${model.data}${checksum} \`training.json\` holds the whole recipe.

## Evaluation

    ${evaluate}

${report.title.replace(/^./, (letter) => letter.toUpperCase())}.

${markdown(["what", "measured"], report.rows)}
${[report.note, model.after].filter(Boolean).join(" ")}

\`npm run task-card\` wrote this page and \`evaluation.json\`.
`;
}
