import type { Position } from "@diffusion-forcing/tasks/maze2d";
import type { DeviceChoice, Download, OpenedBackend } from "../shared/messages.js";

export const mazeNames = ["umaze", "medium", "large"] as const;
export type DemoMaze = (typeof mazeNames)[number];

export const matrixKinds = ["full-sequence", "pyramid", "trapezoid", "autoregressive"] as const;

/** How to plan: the options of `dforce plan`, under its names. */
export interface MazeSettings {
  readonly maze: DemoMaze;
  readonly seed: number;
  readonly start: Position;
  readonly goal: Position;
  readonly matrix: (typeof matrixKinds)[number];
  readonly uncertainty: number;
  readonly steps: number;
  readonly reach: "token" | "gradient";
  readonly scale: number;
  readonly samples: number;
}

/** A plan that is followed from a step on. */
export interface PlanEvent {
  readonly kind: "plan";
  readonly step: number;
  /** x, y of every frame. */
  readonly positions: Float32Array;
  readonly tokens: number;
  /** Whether the planner holds it sound: smooth, and ending at the goal. */
  readonly accepted: boolean;
  readonly milliseconds: number;
}

/** The first plan's sequence, x and y of every frame, after every step of its denoising. */
export interface CondensingEvent {
  readonly kind: "condensing";
  readonly frames: readonly Float32Array[];
}

/** Where the ball was at successive steps. */
export interface DriveEvent {
  readonly kind: "drive";
  readonly from: number;
  readonly positions: Float32Array;
}

export interface MazeJobs {
  readonly open: { request: { device: DeviceChoice; models: string }; event: Download; response: OpenedBackend };
  readonly drive: {
    request: {
      readonly settings: MazeSettings;
      /** 1 where a wall stands, row by row: those of the maze and what was drawn. */
      readonly walls: Uint8Array;
    };
    event: PlanEvent | CondensingEvent | DriveEvent | ({ readonly kind: "download" } & Download);
    response: {
      /** The step at which the ball first came within half a cell of the goal; undefined if it did not. */
      readonly reachedAt: number | undefined;
      readonly steps: number;
      readonly plans: number;
    };
  };
}
