import { type Backend, createRandom, DiffusionForcingError } from "@diffusion-forcing/core";
import { filesStore } from "@diffusion-forcing/core/bundle";
import {
  createMazeEnvironment,
  createMazePhysics,
  goalReward,
  type Maze,
  type MazePlanner,
  mazes,
  type PlannerBundle,
  plannerFromOptions,
  plannerPolicy,
  readPlannerBundle,
} from "@diffusion-forcing/tasks/maze2d";
import type { Plan } from "@diffusion-forcing/tasks/planning";
import { fetchBytes } from "../shared/fetch-bytes.js";
import type { Download } from "../shared/messages.js";
import { openBackend } from "../shared/open-backend.js";
import { type JobContext, serveJobs } from "../shared/worker-side.js";
import type { DemoMaze, MazeJobs, MazeSettings } from "./protocol.js";

let backend: Backend | undefined;
let models = "";
const bundles = new Map<DemoMaze, PlannerBundle>();
/** The last planner and what it was made for: its compiled graphs serve the next plan of the same kind. */
let kept: { readonly key: string; readonly planner: MazePlanner } | undefined;

async function bundleOf(
  maze: DemoMaze,
  tell: (download: Download) => void,
  signal: AbortSignal,
): Promise<PlannerBundle> {
  const known = bundles.get(maze);
  if (known !== undefined) return known;
  const fetchFile = (file: string): Promise<Uint8Array> =>
    fetchBytes(`${models}maze2d-${maze}/${file}`, { what: `the ${maze} planner`, tell, signal });
  const files = {
    "config.json": await fetchFile("config.json"),
    "model.safetensors": await fetchFile("model.safetensors"),
  };
  const bundle = await readPlannerBundle(filesStore(files));
  bundles.set(maze, bundle);
  return bundle;
}

async function plannerOf(bundle: PlannerBundle, settings: MazeSettings): Promise<MazePlanner> {
  const { maze, matrix, uncertainty, steps, reach, scale, samples } = settings;
  const key = JSON.stringify({ maze, matrix, uncertainty, steps, reach, scale, samples });
  if (kept?.key === key) return kept.planner;
  await kept?.planner.dispose();
  kept = undefined;
  // One candidate, where the command takes the better of two: a click is answered in half the time. By gradient the
  // usual six are no slower, as fewer lengths are tried until one of them arrives.
  const candidates = reach === "token" ? 1 : undefined;
  const options = { candidates, guidanceWeights: "intended", matrix, uncertainty, steps, reach, scale, samples };
  const planner = plannerFromOptions(bundle, backend as Backend, options);
  kept = { key, planner };
  return planner;
}

/** Plans, drives the plan and plans again, as `dforce plan` does with the same seed and candidates. */
async function drive(
  { settings, walls }: MazeJobs["drive"]["request"],
  { tell, signal }: JobContext<MazeJobs["drive"]["event"]>,
): Promise<MazeJobs["drive"]["response"]> {
  if (backend === undefined) throw new DiffusionForcingError("disposed", "No device is open.");
  const { seed, start, goal } = settings;
  const maze: Maze = { ...mazes[settings.maze], walls };
  const bundle = await bundleOf(settings.maze, (download) => tell({ kind: "download", ...download }), signal);
  const planner = await plannerOf(bundle, settings);
  // The streams of `evaluateMazePolicy`'s first episode.
  const stream = createRandom(seed).split(0);
  const environment = createMazeEnvironment(maze, { start, goal }, createMazePhysics(maze));
  environment.reset(stream.split("start"));
  const random = stream.split("policy");
  let plans = 0;
  let asked = performance.now();
  const firstPlans: Plan[] = [];
  const policy = plannerPolicy(planner, {
    signal,
    onPlan: (_episode, step, plan) => {
      const { positions, tokens, accepted } = plan;
      if (plans === 0) firstPlans.push(plan);
      plans++;
      tell({ kind: "plan", step, positions, tokens, accepted, milliseconds: performance.now() - asked });
    },
  });
  await policy.start([{ maze, observation: environment.observation.slice(), goal, random }]);
  const action = new Float64Array(2);
  const { episodeLength } = maze;
  let reachedAt: number | undefined;
  let told = 0;
  let positions: number[] = [];
  const tellDrive = (): void => {
    tell({ kind: "drive", from: told, positions: Float32Array.from(positions) });
    told += positions.length / 2;
    positions = [];
  };
  for (let step = 0; step < episodeLength; step++) {
    const [x = 0, y = 0] = environment.observation;
    positions.push(x, y);
    asked = performance.now();
    await policy.act(step, environment.observation, action);
    if (firstPlans.length === 1) {
      const plan = firstPlans.pop() as Plan;
      const frames: Float32Array[] = [];
      const noise = plan.random as NonNullable<typeof plan.random>;
      const history = [Float32Array.from(start)];
      for await (const frame of planner.watch({ history, goal }, noise, plan.tokens, signal)) frames.push(frame);
      tell({ kind: "condensing", frames });
    }
    if (environment.step(action[0] as number, action[1] as number) === 1) reachedAt ??= step + 1;
    if (positions.length >= 50) tellDrive();
    // What follows the goal is only waiting.
    if (reachedAt !== undefined && step > reachedAt + 30) break;
  }
  const [x = 0, y = 0] = environment.observation;
  positions.push(x, y);
  tellDrive();
  if (goalReward(start[0], start[1], goal) === 1) reachedAt ??= 0;
  return { reachedAt, steps: episodeLength, plans };
}

serveJobs<MazeJobs>({
  open: async ({ device, models: folder }, { tell, signal }) => {
    models = folder;
    await kept?.planner.dispose();
    kept = undefined;
    await backend?.dispose();
    const { backend: found, opened } = await openBackend(device, tell, signal);
    backend = found;
    return opened;
  },
  drive,
});
