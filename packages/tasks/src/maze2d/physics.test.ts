import { describe, expect, it } from "vitest";
import { mazes } from "./mazes.js";
import { createMazePhysics } from "./physics.js";

describe("maze physics", () => {
  const physics = createMazePhysics(mazes.umaze);

  it("accelerates freely by force / (m + h b) per step, position after velocity", () => {
    const state = Float64Array.of(1, 1, 0, 0);
    physics.step(state, 1, -0.5);
    // 100 N on 4.18879 kg, damping 1, 0.01 s: 1 / 4.19879 = 0.238164...
    expect(state[2]).toBeCloseTo(0.238164, 6);
    expect(state[3]).toBeCloseTo(-0.119082, 6);
    expect(state[0]).toBeCloseTo(1.00238164, 8);
    expect(state[1]).toBeCloseTo(0.99880918, 8);
  });

  it("clips the action to 1 and the velocity to 5 before the step", () => {
    const clipped = Float64Array.of(1, 2, 0, 9);
    const limit = Float64Array.of(1, 2, 0, 5);
    physics.step(clipped, 7, 0);
    physics.step(limit, 1, 0);
    expect(clipped).toEqual(limit);
  });

  it("comes to rest against the wall: 0.1 from it, with the soft contact's small gap or dent", () => {
    const state = Float64Array.of(1, 1, 0, 0);
    for (let step = 0; step < 500; step++) physics.step(state, -1, 0);
    // Row 0 is a wall up to x = 0.3, so the centre stops near 0.4.
    expect(state[0]).toBeCloseTo(0.4, 2);
    expect(state[2]).toBeCloseTo(0, 6);
  });

  it("touches only the particle at the given offset", () => {
    const states = Float64Array.of(1, 1, 0, 0, 1, 2, 0, 0);
    physics.step(states, 1, 0, 4);
    expect([...states.subarray(0, 4)]).toEqual([1, 1, 0, 0]);
    expect(states[6]).toBeGreaterThan(0);
  });
});
