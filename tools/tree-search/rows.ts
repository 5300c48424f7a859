import { markdown } from "../markdown.js";

/** One way to plan: the options of `dforce eval`, besides those that all share. */
export interface PlanningRow {
  readonly title: string;
  readonly options: (maze: ComparedMaze) => readonly string[];
}

export type ComparedMaze = "medium" | "large" | "giant";

export const comparedMazes: readonly ComparedMaze[] = ["medium", "large", "giant"];

/** The longest length trained on, and the one at which single samples were driven best on seed 5. */
const lengths: Readonly<Record<ComparedMaze, { readonly longest: number; readonly best: number }>> = {
  medium: { longest: 38, best: 30 },
  large: { longest: 58, best: 40 },
  giant: { longest: 45, best: 25 },
};

const single = (tokens: number): string[] => ["--tokens", `${tokens}`, "--candidates", "1"];

export const planningRows: readonly PlanningRow[] = [
  { title: "one sample of the longest length", options: (maze) => single(lengths[maze].longest) },
  { title: "one sample of the length that did best on seed 5", options: (maze) => single(lengths[maze].best) },
  { title: "sampling by the rule, 2 samples a length", options: () => [] },
  { title: "best of 1 sample a length", options: () => ["--search", "--depth", "1", "--children", "1"] },
  { title: "tree search, 4 children", options: () => ["--search", "--children", "4", "--expansions", "4"] },
];

interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** What `dforce eval --json` prints, as far as the table shows it. */
export interface Compared {
  readonly episodes: number;
  readonly success: Estimate;
  readonly ratioToExpert: Estimate;
  readonly evaluations: number;
}

/** The table of what was measured, by maze and title. */
export function comparisonTable(found: Readonly<Record<string, Compared>>): string {
  const cell = ({ episodes, success, ratioToExpert, evaluations }: Compared): string => {
    const [value, low, high] = [success.value, success.low, success.high].map((share) => (100 * share).toFixed(0));
    return `${value} [${low}, ${high}], ${ratioToExpert.value.toFixed(2)}, ${Math.round(evaluations / episodes)}`;
  };
  return markdown(
    ["success %, steps to the expert's, evaluations", ...comparedMazes],
    planningRows.map(({ title }) => [
      title,
      ...comparedMazes.map((maze) => {
        const row = found[comparisonKey(maze, title)];
        return row === undefined ? "not measured" : cell(row);
      }),
    ]),
  );
}

export function comparisonKey(maze: ComparedMaze, title: string): string {
  return `${maze}: ${title}`;
}

const [from, to] = ["<!-- table: npm run tree-search -->\n", "<!-- end of the table -->"];

/** The page with another table between its marks. */
export function withTable(page: string, table: string): string {
  const [start, end] = [page.indexOf(from), page.indexOf(to)];
  if (start < 0 || end < start) throw new Error(`The page has no ${from.trim()} before ${to}.`);
  return `${page.slice(0, start + from.length)}\n${table}\n${page.slice(end)}`;
}
