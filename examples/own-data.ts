// Your own recordings, your own world: a pole on a cart, balanced and driven to places by a model of recordings of it.
// npx tsx --conditions=source examples/own-data.ts. docs/your-own-task.md goes through it.
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { cosineSchedule, createRandom, diffusionForcing, transformer } from "@diffusion-forcing/core";
import * as planning from "@diffusion-forcing/tasks/planning";

// The world. A state: the cart's place and velocity, the pole's angle and its rate, the acceleration that led here.
const [seconds, gravity, length, size] = [0.1, 9.81, 1.5, 5];
const pendulum: planning.Environment = {
  observationSize: size,
  actionSize: 1, // the velocity that the cart is told to have next
  frameSize: size,
  reset(random, state) {
    state.set([random.uniform() - 0.5, 0, 0.05 * random.normal(), 0, 0]);
    return [random.uniform() - 0.5, 0, 0, 0, 0]; // a place to stand still at, the pole upright
  },
  step(state, action) {
    const [place, velocity, angle, rate] = Array.from(state) as [number, number, number, number];
    const push = Math.max(-8, Math.min(8, ((action[0] as number) - velocity) / seconds));
    const next = rate + (seconds * (gravity * Math.sin(angle) - push * Math.cos(angle))) / length;
    const speed = velocity + seconds * push;
    state.set([place + seconds * speed, speed, angle + seconds * next, next, push]);
  },
  frame: (state, _action, frame) => frame.set(state),
  isReached: () => false, // Standing still takes planning too.
  follow: ({ frames }, at, state, action) =>
    action.set([(state[1] as number) + seconds * (frames[size * (at + 1) + 4] as number)]),
  hold: (_goal, state, action) => action.set([state[1] as number]),
};

// Your recordings. Here an unsteady hand drives to a place in each, and is pushed now and then.
const random = createRandom(1);
const trajectories = Array.from({ length: 400 }, () => {
  const [state, frames] = [new Float64Array(size), new Float32Array(70 * size)];
  const [target = 0] = Array.from(pendulum.reset(random, state));
  for (let step = 0; step < 70; step++) {
    frames.set(state, step * size);
    const [place, velocity, angle, rate] = Array.from(state) as [number, number, number, number];
    const steady = 1.72 * (place - target) + 3.96 * velocity + 44.7 * angle + 17.5 * rate;
    pendulum.step(state, [velocity + seconds * (steady + 0.7 * random.normal())]);
    if (random.uniform() < 0.03) state[3] = (state[3] as number) + 0.2 * random.normal();
  }
  return frames;
});

// A model of them: three states a token, nine tokens from now to the goal.
const backend = await onnxBackend();
const sequences = { normalizer: planning.fitNormalizer(trajectories, size), frameStack: 3, lengths: [9] };
const forcing = diffusionForcing({
  model: transformer({ features: 3 * size, width: 64, layers: 2, heads: 4, causal: false }),
  schedule: cosineSchedule(1000),
});
const batches = planning.trainingWindows({ ...sequences, trajectories, levels: 1000, tokensPerStep: 768 });
const recipe = { steps: 2500, optimizer: { learningRate: 1e-3 }, learningRate: { kind: "cosine" } } as const;
const { parameters } = await forcing.train({ backend, batches, ...recipe });

// Twenty starts and goals, planned anew at every step, beside a cart that is told to stand.
const planner = new planning.Planner({ backend, diffusion: forcing, parameters, ...sequences, batch: 20, steps: 10 });
const driver = planning.planDriver({ planner, environment: pendulum, tolerance: 0 });
const episodes = Array.from({ length: 20 }, (_, i) => createRandom(2).split(i));
for (const name of ["planned", "standing"]) {
  const [states, actions] = [new Float64Array(20 * size), new Float64Array(20)];
  const stateOf = (i: number): Float64Array => states.subarray(i * size, (i + 1) * size);
  const goals = episodes.map((episode, i) => Array.from(pendulum.reset(episode.split("start"), stateOf(i))));
  driver.start(episodes.map((random, i) => ({ goal: goals[i] as number[], random })));
  const stands = new Array(20).fill(true);
  for (let step = 0; step < 100; step++) {
    if (name === "planned") await driver.act(step, states, actions);
    for (let i = 0; i < 20; i++) {
      if (stands[i]) pendulum.step(stateOf(i), actions.subarray(i, i + 1));
      stands[i] &&= Math.abs(stateOf(i)[2] as number) < 0.5; // radians
    }
  }
  const off = goals.map(([goal = 0], i) => Math.abs((stateOf(i)[0] as number) - goal)).sort((a, b) => a - b);
  console.log(`${name}: ${stands.filter(Boolean).length} of 20 up after 10 s, half within ${off[10]?.toFixed(2)} m`);
}
await planner.dispose();
await backend.dispose();
