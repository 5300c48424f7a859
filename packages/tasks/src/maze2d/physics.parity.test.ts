import { createRandom } from "@diffusion-forcing/core";
import loadMujoco from "@mujoco/mujoco";
import { describe, expect, it } from "vitest";
import { insideWall, type Maze, mazes } from "./mazes.js";
import { createMazePhysics } from "./physics.js";

/**
 * D4RL's model. Two settings make MuJoCo 3.14 compute what the MuJoCo of D4RL's time did: it now adds the margins of
 * two geoms (so 0.001 each here), and it now takes 1/m as a body's inverse weight (overwritten below with 2/(3m)).
 */
function modelXml(maze: Maze): string {
  const boxes: string[] = [];
  for (let row = 0; row < maze.rows; row++) {
    for (let column = 0; column < maze.columns; column++) {
      if (maze.walls[row * maze.columns + column] === 0) continue;
      boxes.push(`<geom type="box" pos="${row + 1} ${column + 1} 0" size="0.5 0.5 0.2"/>`);
    }
  }
  return `<mujoco>
    <compiler inertiafromgeom="true" angle="radian"/>
    <option timestep="0.01" gravity="0 0 0" iterations="20" tolerance="0" integrator="Euler"/>
    <default>
      <joint damping="1" limited="false"/>
      <geom friction=".5 .1 .1" density="1000" margin="0.001" condim="1" contype="2" conaffinity="1"/>
    </default>
    <worldbody>
      <geom type="plane" size="40 40 0.25" pos="0 0 -0.1" contype="1" conaffinity="0"/>
      <body name="particle" pos="1.2 1.2 0">
        <geom type="sphere" size="0.1" contype="1"/>
        <joint name="x" type="slide" axis="1 0 0"/>
        <joint name="y" type="slide" axis="0 1 0"/>
      </body>
      ${boxes.join("\n")}
    </worldbody>
    <actuator>
      <motor joint="x" ctrlrange="-1 1" ctrllimited="true" gear="100"/>
      <motor joint="y" ctrlrange="-1 1" ctrllimited="true" gear="100"/>
    </actuator>
  </mujoco>`;
}

interface Oracle {
  /** One step of D4RL's environment from `state`; returns the new state and the contacts with walls. */
  step(state: Float64Array, actionX: number, actionY: number): { state: Float64Array; contacts: number };
}

const mujoco = await loadMujoco();

function createOracle(maze: Maze): Oracle {
  const model = mujoco.MjModel.from_xml_string(modelXml(maze));
  const data = new mujoco.MjData(model);
  const mass = model.body_mass[1];
  model.body_invweight0[2] = 2 / (3 * mass);
  return {
    step(state, actionX, actionY) {
      const limit = (value: number) => Math.min(5, Math.max(-5, value));
      data.qpos.set([state[0], state[1]]);
      data.qvel.set([limit(state[2] as number), limit(state[3] as number)]);
      data.ctrl.set([actionX, actionY]);
      mujoco.mj_step(model, data);
      return { state: Float64Array.of(...data.qpos, ...data.qvel), contacts: data.ncon - 1 };
    },
  };
}

function largestDifference(left: Float64Array, right: Float64Array): number {
  return Math.max(...left.map((value, index) => Math.abs(value - (right[index] as number))));
}

describe.each([mazes.umaze, mazes.medium, mazes.large])("physics in $name against MuJoCo", (maze) => {
  const oracle = createOracle(maze);
  const physics = createMazePhysics(maze);

  it("follows MuJoCo over 20,000 steps of random actions", () => {
    const random = createRandom(1);
    const state = Float64Array.of(1, 1, 0, 0);
    let actionX = 0;
    let actionY = 0;
    let worst = 0;
    const contactCounts = [0, 0, 0, 0, 0];
    for (let step = 0; step < 20_000; step++) {
      // Actions are held for some steps, so that the particle travels and presses into walls and corners.
      if (random.uniform() < 0.05) {
        actionX = 3 * random.uniform() - 1.5;
        actionY = 3 * random.uniform() - 1.5;
      }
      const expected = oracle.step(state, actionX, actionY);
      physics.step(state, actionX, actionY);
      worst = Math.max(worst, largestDifference(state, expected.state));
      contactCounts[expected.contacts] = (contactCounts[expected.contacts] ?? 0) + 1;
    }
    expect(worst).toBeLessThan(1e-13);
    expect(contactCounts[1]).toBeGreaterThan(1000);
    expect(contactCounts[2]).toBeGreaterThan(1000);
  });

  it("agrees from arbitrary states: corners of boxes, deep penetration, centres inside walls", () => {
    const random = createRandom(2);
    let worst = 0;
    let inside = 0;
    const contactCounts = [0, 0, 0, 0, 0];
    for (let trial = 0; trial < 20_000; trial++) {
      const cell = maze.freeCells[random.integer(0, maze.freeCells.length)] ?? maze.goalCell;
      const state = Float64Array.of(
        cell.row - 0.2 + 1.2 * (random.uniform() - 0.5),
        cell.column - 0.2 + 1.2 * (random.uniform() - 0.5),
        14 * (random.uniform() - 0.5),
        14 * (random.uniform() - 0.5),
      );
      if (insideWall(maze, state[0] as number, state[1] as number)) inside++;
      const actionX = 3 * (random.uniform() - 0.5);
      const actionY = 3 * (random.uniform() - 0.5);
      const expected = oracle.step(state, actionX, actionY);
      physics.step(state, actionX, actionY);
      worst = Math.max(worst, largestDifference(state, expected.state));
      contactCounts[expected.contacts] = (contactCounts[expected.contacts] ?? 0) + 1;
    }
    expect(worst).toBeLessThan(1e-13);
    expect(inside).toBeGreaterThan(500);
    expect(contactCounts[3]).toBeGreaterThan(100);
  });
});
