import { clip } from "./geometry.js";
import { checkMaze, isWall, type Maze } from "./mazes.js";

/**
 * The particle of D4RL's Maze2D: a sphere on two slide joints among boxes, as MuJoCo integrates it. One call is one
 * MuJoCo step of 0.01 s: semi-implicit Euler with implicit joint damping, and frictionless soft contacts (MuJoCo
 * documentation, "Computation: Constraint model", with the default `solref` and `solimp`). The constrained
 * acceleration is the exact minimiser of MuJoCo's convex problem instead of its iterative solver's answer.
 *
 * D4RL was made with a MuJoCo older than 3.0, and so is this: the contact margin is the larger of the two geoms'
 * (0.002) and a body's inverse weight averages over all three axes, two of which move (2 / (3 m)).
 */
export interface MazePhysics {
  /**
   * Advances one particle by one step, in place and without allocating. The action is clipped to [-1, 1] and the
   * velocity to [-5, 5] per axis before the step.
   *
   * @param state `[..., 4]`: x, y, velocity x, velocity y (units of a cell, and per second) from `offset` on.
   */
  step(state: Float64Array, actionX: number, actionY: number, offset?: number): void;
}

/** Seconds per step, for turning differences of positions into velocities. */
export const mazeTimeStep = 0.01;

const radius = 0.1;
const density = 1000;
const mass = (density * 4 * Math.PI * radius * radius * radius) / 3;
const inverseWeight = 2 / (3 * mass);
const jointDamping = 1;
const gear = 100;
const maximumSpeed = 5;
const margin = 0.002;
/** World coordinates of the particle at position (0, 0); the box of wall cell (i, j) is centred at (i + 1, j + 1). */
const origin = 1.2;
const boxHalfSize = 0.5;
/** The boxes reach 0.2 above and below the particle, which inside a box may be the nearest way out. */
const boxHalfHeight = 0.2;

// MuJoCo's defaults: solref (0.02, 1), solimp (0.9, 0.95, 0.001, 0.5, 2).
const timeConstant = 0.02;
const minimumImpedance = 0.9;
const maximumImpedance = 0.95;
const impedanceWidth = 0.001;
const referenceDamping = 2 / (maximumImpedance * timeConstant);
const referenceStiffness = 1 / (maximumImpedance * maximumImpedance * timeConstant * timeConstant);

/** A particle reaches at most the four cells that share a corner of the grid. */
const maximumContacts = 4;

/** @throws `invalid-argument` */
export function createMazePhysics(maze: Maze): MazePhysics {
  checkMaze("createMazePhysics", maze);
  let contacts = 0;
  const normalX = new Float64Array(maximumContacts);
  const normalY = new Float64Array(maximumContacts);
  const stiffness = new Float64Array(maximumContacts); // D, the inverse of the regulariser R
  const reference = new Float64Array(maximumContacts); // aref, the acceleration that the soft contact asks for

  /** Adds the contact with gap `distance` along the unit normal (nx, ny), which points from the wall to the particle. */
  function addContact(nx: number, ny: number, distance: number, velocityX: number, velocityY: number): void {
    const depth = distance - margin;
    const impedance = contactImpedance(Math.abs(depth) / impedanceWidth);
    const normalVelocity = nx * velocityX + ny * velocityY;
    normalX[contacts] = nx;
    normalY[contacts] = ny;
    stiffness[contacts] = 1 / (((1 - impedance) * inverseWeight) / impedance);
    reference[contacts] = -referenceDamping * normalVelocity - referenceStiffness * impedance * depth;
    contacts++;
  }

  /** Sphere against the box of a wall cell; (x, y) is the sphere's centre relative to the box's. */
  function collideBox(x: number, y: number, velocityX: number, velocityY: number): void {
    const towardsX = clip(x, boxHalfSize) - x;
    const towardsY = clip(y, boxHalfSize) - y;
    const gap = Math.sqrt(towardsX * towardsX + towardsY * towardsY);
    if (gap - radius >= margin) return;
    if (gap > 1e-15) {
      addContact(-towardsX / gap, -towardsY / gap, gap - radius, velocityX, velocityY);
      return;
    }
    // The centre is inside the box: push out through the nearest face, ties in MuJoCo's order -x, +x, -y, +y.
    const acrossX = boxHalfSize - Math.abs(x);
    const acrossY = boxHalfSize - Math.abs(y);
    if (Math.min(acrossX, acrossY) > boxHalfHeight) return; // up or down, where the particle has no joint
    if (acrossX <= acrossY) addContact(x > 0 ? 1 : -1, 0, -acrossX - radius, velocityX, velocityY);
    else addContact(0, y > 0 ? 1 : -1, -acrossY - radius, velocityX, velocityY);
  }

  function findContacts(x: number, y: number, velocityX: number, velocityY: number): void {
    contacts = 0;
    const reach = boxHalfSize + radius + margin;
    const worldX = x + origin;
    const worldY = y + origin;
    const lastRow = Math.floor(worldX - 1 + reach);
    const lastColumn = Math.floor(worldY - 1 + reach);
    for (let row = Math.ceil(worldX - 1 - reach); row <= lastRow; row++) {
      for (let column = Math.ceil(worldY - 1 - reach); column <= lastColumn; column++) {
        if (isWall(maze, row, column)) {
          collideBox(worldX - (row + 1), worldY - (column + 1), velocityX, velocityY);
        }
      }
    }
  }

  let forceX = 0;
  let forceY = 0;

  /**
   * Turns (forceX, forceY) into the total force, contacts included. MuJoCo minimises, over the acceleration a,
   * |a - force / m|^2 m / 2 + sum D min(n.a - aref, 0)^2 / 2. For a known set of active contacts that is a linear
   * system of two equations, so every set is tried, all contacts first, until one is consistent with its solution.
   */
  function applyContacts(): void {
    let leastViolation = Number.POSITIVE_INFINITY;
    let bestX = 0;
    let bestY = 0;
    for (let active = (1 << contacts) - 1; active >= 0 && leastViolation > 0; active--) {
      let xx = mass;
      let xy = 0;
      let yy = mass;
      let rightX = forceX;
      let rightY = forceY;
      for (let contact = 0; contact < contacts; contact++) {
        if (((active >> contact) & 1) === 0) continue;
        const nx = normalX[contact] as number;
        const ny = normalY[contact] as number;
        const d = stiffness[contact] as number;
        const target = reference[contact] as number;
        xx += d * nx * nx;
        xy += d * nx * ny;
        yy += d * ny * ny;
        rightX += d * target * nx;
        rightY += d * target * ny;
      }
      const determinant = xx * yy - xy * xy;
      const accelerationX = (yy * rightX - xy * rightY) / determinant;
      const accelerationY = (xx * rightY - xy * rightX) / determinant;

      let violation = 0;
      for (let contact = 0; contact < contacts; contact++) {
        const nx = normalX[contact] as number;
        const ny = normalY[contact] as number;
        const excess = nx * accelerationX + ny * accelerationY - (reference[contact] as number);
        const isActive = ((active >> contact) & 1) === 1;
        violation = Math.max(violation, isActive ? excess : -excess);
      }
      if (violation < leastViolation) {
        leastViolation = violation;
        bestX = accelerationX;
        bestY = accelerationY;
      }
    }
    // The acceleration is known to the last bit or so; the sum of the contact forces would lose four digits.
    forceX = mass * bestX;
    forceY = mass * bestY;
  }

  return {
    step(state, actionX, actionY, offset = 0) {
      const x = state[offset] as number;
      const y = state[offset + 1] as number;
      const velocityX = clip(state[offset + 2] as number, maximumSpeed);
      const velocityY = clip(state[offset + 3] as number, maximumSpeed);
      forceX = gear * clip(actionX, 1) - jointDamping * velocityX;
      forceY = gear * clip(actionY, 1) - jointDamping * velocityY;
      findContacts(x, y, velocityX, velocityY);
      if (contacts > 0) applyContacts();
      // Implicit damping: (M + h B) acceleration = force.
      const nextVelocityX = velocityX + mazeTimeStep * (forceX / (mass + mazeTimeStep * jointDamping));
      const nextVelocityY = velocityY + mazeTimeStep * (forceY / (mass + mazeTimeStep * jointDamping));
      state[offset] = x + mazeTimeStep * nextVelocityX;
      state[offset + 1] = y + mazeTimeStep * nextVelocityY;
      state[offset + 2] = nextVelocityX;
      state[offset + 3] = nextVelocityY;
    },
  };
}

/** MuJoCo's sigmoid of power 2 and midpoint 1/2, from the minimum at 0 to the maximum at 1 and beyond. */
function contactImpedance(scaledDepth: number): number {
  if (scaledDepth >= 1) return maximumImpedance;
  const rest = 1 - scaledDepth;
  const sigmoid = scaledDepth <= 0.5 ? 2 * scaledDepth * scaledDepth : 1 - 2 * rest * rest;
  return minimumImpedance + sigmoid * (maximumImpedance - minimumImpedance);
}
