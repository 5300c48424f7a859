import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { createRandom } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import { MazePlanner, mazes, readPlannerBundle } from "@diffusion-forcing/tasks/maze2d";
import { describe, expect, it } from "vitest";
import { siteInBrowser } from "./site-in-browser.js";
import { bundled, LONGEST_TASK } from "./visitor.js";

const site = siteInBrowser();

describe("the maze planner", () => {
  it("reaches the goal on WebAssembly, by the plan that Node makes from the same seed, and the page stays responsive", async () => {
    await site().visiting("demos/maze.html?device=wasm&seed=3", async (visit) => {
      const longest = await visit.longestTask(() => visit.run("Plan and drive", "The goal was reached"));
      expect(await visit.device()).toBe("wasm");
      expect(longest).toBeLessThan(LONGEST_TASK);

      const [plan] = await visit.events("plan");
      const positions = plan?.positions as number[];
      const bundle = await readPlannerBundle(folderStore(bundled("maze2d-medium")));
      const backend = await onnxBackend({ threads: 1 });
      const planner = new MazePlanner({ backend, ...bundle, candidates: 1 });
      // The stream of `dforce plan --candidates 1 --seed 3`: the first episode's policy, its planner, step 0.
      const stream = createRandom(3).split(0).split("policy").split("planner").split(0);
      const { goalCell } = mazes.medium;
      const goal = [goalCell.row - 0.2, goalCell.column - 0.2] as const;
      const [expected] = await planner.plan([{ history: [Float32Array.of(0.8, 0.8)], goal }], [stream]);
      await planner.dispose();
      await backend.dispose();
      expect(positions.length).toBe(expected?.positions.length);
      const differences = positions.map((value, i) => Math.abs(value - (expected?.positions[i] as number)));
      expect(Math.max(...differences)).toBeLessThan(1e-3);

      // What condensed is what is followed.
      const [condensing] = await visit.events("condensing");
      const frames = condensing?.frames as number[][];
      const last = frames.at(-1) as number[];
      const before = 2 * (bundle.config.frameStack - 1);
      const gaps = positions.slice(2).map((value, i) => Math.abs(value - (last[before + 2 + i] as number)));
      expect(Math.max(...gaps)).toBeLessThan(1e-3);
      expect(visit.errors).toEqual([]);
      await visit.page.waitForTimeout(1500);
      await visit.picture("maze");
    });
  });

  it("reaches the goal on WebGPU", async () => {
    await site().visiting("demos/maze.html?device=webgpu&maze=umaze&steps=8", async (visit) => {
      await visit.run("Plan and drive", "The goal was reached");
      expect(await visit.device()).toBe("webgpu");
      expect(visit.errors).toEqual([]);
    });
  });

  it("reaches the goal by gradient guidance, everything at its default", async () => {
    await site().visiting("demos/maze.html?device=wasm&maze=umaze&reach=gradient&seed=1", async (visit) => {
      await visit.run("Plan and drive", "The goal was reached");
      const [plan] = await visit.events("plan");
      expect(plan?.accepted).toBe(true);
      expect(visit.errors).toEqual([]);
    });
  });

  it("stops at once, and starts again", async () => {
    await site().visiting("demos/maze.html?device=wasm&maze=umaze", async (visit) => {
      await visit.page.getByRole("button", { name: "Plan and drive" }).click();
      await visit.page.getByRole("button", { name: "Stop" }).click();
      await visit.says("Stopped");
      await visit.run("Plan and drive", "The goal was reached");
      expect(visit.errors).toEqual([]);
    });
  });

  it("takes start, goal and walls by keys, and keeps them in the address", async () => {
    await site().visiting("demos/maze.html?device=wasm&maze=umaze", async (visit) => {
      const { page } = visit;
      await page.getByRole("button", { name: /^start, in cell 3, 3/ }).focus();
      await page.keyboard.press("ArrowDown");
      await page.getByRole("button", { name: /^start, in cell 3, 2/ }).waitFor();
      await page.getByLabel("Draw walls").check();
      await page.getByRole("button", { name: /^cell 1, 1/ }).focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Space");
      await page.getByRole("button", { name: /^cell 2, 2, free/ }).waitFor();
      const { searchParams } = new URL(page.url());
      expect([searchParams.get("start"), searchParams.get("walls")]).toEqual(["3,2", "12"]);
      expect(visit.errors).toEqual([]);
    });
  });
});
