/** One row of a model's evaluation table: the options of `dforce eval`. */
export interface CardRow {
  readonly title: string;
  readonly options: readonly string[];
}

/** Gradient guidance needs a fixed length, and works in a narrow band of scales (per sample), by maze. */
const gradientSettings: Readonly<
  Record<string, { readonly tokens: string; readonly scale: string; readonly episodes: string }>
> = {
  umaze: { tokens: "14", scale: "0.2", episodes: "50" },
  medium: { tokens: "26", scale: "0.1", episodes: "50" },
  large: { tokens: "37", scale: "0.1", episodes: "16" },
};

/** What a card reports of a maze's planner. */
export function cardRows(maze: string): readonly CardRow[] {
  const { tokens, scale, episodes } = gradientSettings[maze] as (typeof gradientSettings)[string];
  const gradient = (samples: string): readonly string[] => [
    "--reach",
    "gradient",
    "--scale",
    scale,
    "--samples",
    samples,
    "--tokens",
    tokens,
    "--episodes",
    episodes,
  ];
  return [
    { title: "default: goal token", options: [] },
    { title: "with the data-support check", options: ["--support"] },
    { title: "random goals", options: ["--multi-task"] },
    { title: "random goals, with the data-support check", options: ["--multi-task", "--support"] },
    {
      title: `gradient guidance (scale ${scale}, ${tokens} tokens), Monte Carlo over 4 futures, ${episodes} episodes`,
      options: gradient("4"),
    },
    { title: "the same, one estimate instead of futures", options: gradient("1") },
  ];
}
