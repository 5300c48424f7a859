import type { Maze } from "@diffusion-forcing/tasks/maze2d";
import { timeColor } from "../shared/time-color";
import { cell, toDrawing } from "./geometry";
import type { Scene } from "./story";

/** Draws a moment: the plan in the colours of time, the way driven, the ball. */
export function paintScene(canvas: HTMLCanvasElement, maze: Maze, scene: Scene | undefined): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const scale = canvas.width / (maze.rows * cell);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (scene === undefined) return;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  const { path, trail, ball, condensed } = scene;
  const count = path.length / 2;
  const at = (values: ArrayLike<number>, i: number): [number, number] =>
    toDrawing(maze, [values[2 * i] as number, values[2 * i + 1] as number]);
  // As the sequence becomes a plan its points are joined.
  if (condensed > 0.5) {
    context.lineWidth = 3;
    context.lineCap = "round";
    for (let i = 1; i < count; i++) {
      context.strokeStyle = timeColor(i / count, (condensed - 0.5) * 1.1);
      context.beginPath();
      context.moveTo(...at(path, i - 1));
      context.lineTo(...at(path, i));
      context.stroke();
    }
  }
  for (let i = 0; i < count; i++) {
    context.fillStyle = timeColor(i / count, 0.75);
    context.beginPath();
    context.arc(...at(path, i), 2.6, 0, 2 * Math.PI);
    context.fill();
  }
  const style = getComputedStyle(canvas);
  const ink = style.getPropertyValue("--demo-ink");
  context.strokeStyle = ink;
  context.lineWidth = 2;
  context.beginPath();
  for (let i = 0; i < trail.length / 2; i++) context.lineTo(...at(trail, i));
  context.stroke();
  context.fillStyle = ink;
  context.strokeStyle = style.getPropertyValue("--demo-floor");
  context.beginPath();
  context.arc(...toDrawing(maze, ball), 6.5, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
}
