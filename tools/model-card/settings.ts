/** One row of a model's evaluation table: the options of `dforce eval`. */
export interface CardRow {
  readonly title: string;
  readonly options: readonly string[];
}

/** Per-sample strength of gradient guidance by maze: it works in a narrow band only. */
const guidanceScale: Readonly<Record<string, string>> = { umaze: "0.03", medium: "0.015", large: "0.01" };

/** What a card reports of a maze's planner. */
export function cardRows(maze: string): readonly CardRow[] {
  const gradient = (samples: string): readonly string[] => [
    "--goal",
    "gradient",
    "--scale",
    guidanceScale[maze] ?? "0.02",
    "--samples",
    samples,
    "--matrix",
    "pyramid",
  ];
  return [
    { title: "default: goal token", options: [] },
    { title: "with the data-support check", options: ["--support"] },
    { title: "random goals", options: ["--multi-task"] },
    { title: "random goals, with the data-support check", options: ["--multi-task", "--support"] },
    { title: "gradient guidance, Monte Carlo over 4 futures", options: gradient("4") },
    { title: "gradient guidance, one estimate", options: gradient("1") },
  ];
}
