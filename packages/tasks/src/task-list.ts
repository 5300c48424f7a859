import { compositionTask } from "./composition/task.js";
import { imitationTask } from "./imitation/task.js";
import { languageTask } from "./language/task.js";
import { maze2dTask } from "./maze2d/task.js";
import { musicTask } from "./music/task.js";
import { separationTask } from "./separation/task.js";
import { seq2seqTask } from "./seq2seq/task.js";
import { seriesTask } from "./series/task.js";
import type { Task } from "./task.js";
import { videoTask } from "./video/task.js";

/** Every task that comes with the package: a new one is a folder and a line here. */
export const tasks: readonly Task[] = [
  maze2dTask,
  videoTask,
  compositionTask,
  imitationTask,
  languageTask,
  musicTask,
  separationTask,
  seq2seqTask,
  seriesTask,
];
