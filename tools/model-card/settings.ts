/** One row of a model's evaluation table: the options of `dforce eval`. */
export interface CardRow {
  readonly title: string;
  readonly options: readonly string[];
}

/** Starts on which no rule was chosen. */
export const cardSeed = 271_828;

/** What a card reports of a maze's planner. */
export const cardRows: readonly CardRow[] = [
  { title: "the maze's goal", options: [] },
  { title: "random goals", options: ["--multi-task"] },
  { title: "random goals, with the data-support check", options: ["--multi-task", "--support"] },
  { title: "random goals, one plan and none anew", options: ["--multi-task", "--once"] },
  { title: "random goals by gradient guidance, 20 episodes", options: ["--multi-task", "--reach", "gradient"] },
];
