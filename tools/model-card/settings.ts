/** One row of a model's evaluation table: the options of `dforce eval`. */
export interface CardRow {
  readonly title: string;
  readonly options: readonly string[];
}

/** Starts on which no rule was chosen. */
export const cardSeed = 271_828;

const once = ["--multi-task", "--once", "--episodes", "50"];

/** What a card reports of a maze's planner. */
export const cardRows: readonly CardRow[] = [
  { title: "the maze's goal", options: [] },
  { title: "random goals", options: ["--multi-task"] },
  { title: "random goals, one plan and none anew, 50 episodes", options: once },
  { title: "the same, one sample a length instead of two", options: [...once, "--candidates", "1"] },
];
