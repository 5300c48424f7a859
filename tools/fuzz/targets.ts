/** Everything in core, and in the tasks that it ships with, that reads what files and programs give it. */
import type { Target } from "./target.js";
import { codes } from "./targets/codes.js";
import { methods } from "./targets/methods.js";
import { metrics } from "./targets/metrics.js";
import { options } from "./targets/options.js";
import { stored } from "./targets/stored.js";
import { tasks } from "./targets/tasks.js";
import { worlds } from "./targets/worlds.js";

export const targets: readonly Target[] = [
  ...stored,
  ...options,
  ...metrics,
  ...methods,
  ...codes,
  ...tasks,
  ...worlds,
];
