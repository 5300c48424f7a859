import { isWall, mazes, type Position } from "@diffusion-forcing/tasks/maze2d";
import { choiceSetting, numberSetting, readSettings, writeSettings } from "../shared/url-state";
import { cellOf, centreOf, isInner, mazeWith, usualEnds } from "./geometry";
import { type MazeSettings, matrixKinds, mazeNames } from "./protocol";

/** What is planned, and the cells whose walls were drawn or removed, by their place in `maze.walls`. */
export interface DemoSettings extends MazeSettings {
  readonly drawn: ReadonlySet<number>;
}

const usual = {
  seed: 0,
  matrix: "full-sequence",
  uncertainty: 1,
  steps: 20,
  reach: "token",
  scale: 0.5,
  samples: 1,
} as const;

/** A cell of the address, "1,6", if it is free. */
function endSetting(text: string | null, maze: ReturnType<typeof mazeWith>, otherwise: Position): Position {
  const match = /^(\d{1,2}),(\d{1,2})$/.exec(text ?? "");
  if (match === null) return otherwise;
  const [row, column] = [Number(match[1]), Number(match[2])];
  return isWall(maze, row, column) ? otherwise : centreOf(row, column);
}

export function readMazeSettings(query: URLSearchParams = readSettings()): DemoSettings {
  const maze = choiceSetting(query, "maze", mazeNames, "medium");
  const cells = (query.get("walls") ?? "").split(".").filter((entry) => /^\d{1,3}$/.test(entry));
  const { columns } = mazes[maze];
  const drawn = new Set(
    cells.map(Number).filter((index) => isInner(mazes[maze], Math.floor(index / columns), index % columns)),
  );
  const ends = usualEnds(maze);
  const walled = mazeWith(maze, drawn);
  return {
    maze,
    drawn,
    start: endSetting(query.get("start"), walled, ends.start),
    goal: endSetting(query.get("goal"), walled, ends.goal),
    seed: numberSetting(query, "seed", { low: 0, high: 999_999, whole: true, otherwise: usual.seed }),
    matrix: choiceSetting(query, "matrix", matrixKinds, usual.matrix),
    uncertainty: numberSetting(query, "uncertainty", { low: 0.25, high: 4, otherwise: usual.uncertainty }),
    steps: numberSetting(query, "steps", { low: 4, high: 50, whole: true, otherwise: usual.steps }),
    reach: choiceSetting(query, "reach", ["token", "gradient"], usual.reach),
    scale: numberSetting(query, "scale", { low: 0.05, high: 2, otherwise: usual.scale }),
    samples: numberSetting(query, "samples", { low: 1, high: 8, whole: true, otherwise: usual.samples }),
  };
}

export function writeMazeSettings({ maze, drawn, start, goal, ...rest }: DemoSettings): void {
  const ends = usualEnds(maze);
  const end = (position: Position, otherwise: Position): string | undefined => {
    const { row, column } = cellOf(position);
    return String(position) === String(otherwise) ? undefined : `${row},${column}`;
  };
  const changed = Object.entries(usual).map(([name, value]) => {
    const now = rest[name as keyof typeof usual];
    return [name, now === value ? undefined : now] as const;
  });
  writeSettings({
    maze: maze === "medium" ? undefined : maze,
    start: end(start, ends.start),
    goal: end(goal, ends.goal),
    walls: [...drawn].sort((a, b) => a - b).join("."),
    ...Object.fromEntries(changed),
  });
}
