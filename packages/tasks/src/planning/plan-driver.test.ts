import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import type { Environment } from "./environment.js";
import { type Plan, planOfFrames } from "./plan.js";
import { planDriver } from "./plan-driver.js";
import type { PlanProblem } from "./planner-options.js";

/** A point in the plane that goes where it is told, but not through the wall x = 1 below y = 1. */
const plane: Environment = {
  observationSize: 2,
  actionSize: 2,
  frameSize: 2,
  reset: () => [2, 0],
  step(observation, action) {
    const [x, y] = [action[0] as number, action[1] as number];
    const isBlocked = (observation[0] as number) <= 1 && x > 1 && y < 1;
    observation.set([isBlocked ? 1 : x, y]);
  },
  frame: (observation, _action, frame) => frame.set(observation),
  isReached: (observation, goal) => observation[0] === goal[0] && observation[1] === goal[1],
  follow({ positions }, at, _observation, action) {
    const next = 2 * Math.min(at + 1, positions.length / 2 - 1);
    action.set(positions.subarray(next, next + 2));
  },
  hold: (goal, _observation, action) => action.set([goal[0] as number, goal[1] as number]),
};

/** By way of these points, in steps of an eighth. */
function path(...points: readonly (readonly [number, number])[]): Plan {
  const frames: number[] = [];
  points.slice(1).forEach(([x, y], i) => {
    const [fromX, fromY] = points[i] as [number, number];
    const steps = 8 * Math.max(Math.abs(x - fromX), Math.abs(y - fromY));
    for (let step = 0; step < steps; step++) {
      frames.push(fromX + ((x - fromX) * step) / steps, fromY + ((y - fromY) * step) / steps);
    }
  });
  frames.push(2, 0);
  return planOfFrames(Float32Array.from(frames), 2, 3, [2, 0]);
}

/** Believes in the straight way, and knows the long one. */
function believer({ history, accept }: PlanProblem): Plan {
  const [x, y] = history.at(-1) as unknown as [number, number];
  const straight = path([x, y], [2, 0]);
  return accept === undefined || accept(straight.positions) ? straight : path([x, y], [x, 2], [2, 2], [2, 0]);
}

async function drive(plan: (problem: PlanProblem) => Plan): Promise<{ reached: number; planned: number }> {
  let planned = 0;
  const driver = planDriver({
    environment: plane,
    planner: {
      frameStack: 4,
      plan: async (problems) => {
        planned++;
        return problems.map(plan);
      },
    },
    tolerance: 0.125,
    patience: 5,
  });
  const [observation, action] = [Float64Array.of(0, 0), new Float64Array(2)];
  driver.start([{ goal: [2, 0], random: createRandom(0) }]);
  for (let step = 0; step < 200; step++) {
    if (plane.isReached(observation, [2, 0])) return { reached: step, planned };
    await driver.act(step, observation, action);
    plane.step(observation, action);
  }
  return { reached: Number.POSITIVE_INFINITY, planned };
}

describe("planDriver", () => {
  /** Drives at the wall by plans that say `accepted`, and notes at which steps and for what lengths they are asked for. */
  async function asked(steps: number, from: readonly [number, number], accepted: boolean, once = false) {
    const plans: { step: number; tokens: PlanProblem["tokens"] }[] = [];
    let now = 0;
    const driver = planDriver({
      environment: plane,
      planner: {
        frameStack: 4,
        plan: async (problems) => {
          for (const { tokens } of problems) plans.push({ step: now, tokens });
          return problems.map(({ history }) => {
            const [x, y] = history.at(-1) as unknown as [number, number];
            return { ...path([x, y], [2, y], [2, 0]), accepted };
          });
        },
      },
      tolerance: 0.125,
      replanEvery: 8,
      patience: 5,
      once,
    });
    const [observation, action] = [Float64Array.of(...from), new Float64Array(2)];
    driver.start([{ goal: [2, 0], random: createRandom(0) }]);
    for (; now < steps; now++) {
      await driver.act(now, observation, action);
      plane.step(observation, action);
    }
    return plans;
  }

  it("follows an accepted plan to its end, and looks for a better one while it has none", async () => {
    expect(await asked(20, [0, 2], true)).toEqual([{ step: 0, tokens: undefined }]);
    expect((await asked(20, [0, 2], false)).map(({ step }) => step)).toEqual([0, 8, 16]);
  });

  it("waits for what falls behind, in vain for so many steps, and then wants a longer way", async () => {
    // 17 frames: the wall is met after 8 steps, and two later the plan is a quarter ahead, where it waits for 5.
    expect(await asked(16, [0, 0], true)).toEqual([
      { step: 0, tokens: undefined },
      // Of 17 frames 7 were left, which times 1.2 are 9, or 3 tokens of 4 and the goal's.
      { step: 15, tokens: [4, Number.POSITIVE_INFINITY] },
    ]);
  });

  it("asks once if told so, whatever happens, and goes on after it has waited", async () => {
    expect((await asked(40, [0, 0], false, true)).map(({ step }) => step)).toEqual([0]);
    const ats: number[] = [];
    const environment = { ...plane, follow: (_: Plan, at: number) => void ats.push(at) };
    const plan = async () => [path([0, 0], [2, 0])];
    const driver = planDriver({
      environment,
      planner: { frameStack: 4, plan },
      tolerance: 0.125,
      patience: 3,
      once: true,
    });
    driver.start([{ goal: [2, 0], random: createRandom(0) }]);
    for (let step = 0; step < 9; step++) await driver.act(step, Float64Array.of(0, 0), new Float64Array(2));
    // It never moves: the second frame is near enough to go on from, the third is not.
    expect(ats).toEqual([0, 1, 2, 2, 2, 2, 3, 4, 5]);
  });

  it("keeps away from where a plan has come to nothing", async () => {
    const { reached, planned } = await drive(believer);
    // A unit to the wall, a few steps against it, and four units round it, of 8 steps each.
    expect(reached).toBeGreaterThan(5 * 8);
    expect(reached).toBeLessThan(7 * 8);
    expect(planned).toBeLessThan(6);
    // Whoever does not listen runs into the wall for ever.
    expect(await drive(({ history, goal }) => believer({ history, goal }))).toMatchObject({
      reached: Number.POSITIVE_INFINITY,
    });
  });
});
