import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { createRandom, diffusionForcing, loadBundle } from "@diffusion-forcing/core";
import { filesStore } from "@diffusion-forcing/core/bundle";
import { folderStore } from "@diffusion-forcing/core/node";
import { MazePlanner, mazes, readPlannerBundle } from "@diffusion-forcing/tasks/maze2d";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Site, type Visit } from "./visitor.js";

/** No task of a page's main thread may be longer, in milliseconds. */
const LONGEST_TASK = 200;

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site.close());

async function visiting<T>(path: string, action: (visit: Visit) => Promise<T>): Promise<T> {
  const visit = await site.visit(path);
  try {
    return await action(visit);
  } finally {
    await visit.close();
  }
}

const events = async (visit: Visit, kind: string) =>
  (await visit.messages()).flatMap(({ event }) => (event?.kind === kind ? [event] : []));

describe("the maze planner", () => {
  it("reaches the goal on WebAssembly, by the plan that Node makes from the same seed, and the page stays responsive", async () => {
    await visiting("demos/maze.html?device=wasm&seed=3", async (visit) => {
      const longest = await visit.longestTask(() => visit.run("Plan and drive", "The goal was reached"));
      expect(await visit.device()).toBe("wasm");
      expect(longest).toBeLessThan(LONGEST_TASK);

      const [plan] = await events(visit, "plan");
      const positions = plan?.positions as number[];
      const bundle = await readPlannerBundle(folderStore("packages/tasks/models/maze2d-medium"));
      const backend = await onnxBackend({ threads: 1 });
      const planner = new MazePlanner({ backend, ...bundle });
      // The stream of `dforce plan --seed 3`: the first episode's policy, its planner, step 0.
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
      const [condensing] = await events(visit, "condensing");
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
    await visiting("demos/maze.html?device=webgpu&maze=umaze&steps=8", async (visit) => {
      await visit.run("Plan and drive", "The goal was reached");
      expect(await visit.device()).toBe("webgpu");
      expect(visit.errors).toEqual([]);
    });
  });

  it("stops at once, and starts again", async () => {
    await visiting("demos/maze.html?device=wasm&maze=umaze", async (visit) => {
      await visit.page.getByRole("button", { name: "Plan and drive" }).click();
      await visit.page.getByRole("button", { name: "Stop" }).click();
      await visit.page.locator(".demo-status").filter({ hasText: "Stopped" }).waitFor();
      await visit.run("Plan and drive", "The goal was reached");
      expect(visit.errors).toEqual([]);
    });
  });

  it("takes start, goal and walls by keys, and keeps them in the address", async () => {
    await visiting("demos/maze.html?device=wasm&maze=umaze", async (visit) => {
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

describe("the matrix playground", () => {
  it.each(["wasm", "webgpu"])("denoises by three matrices on %s, known tokens untouched", async (device) => {
    await visiting(`demos/matrix.html?device=${device}&steps=4`, async (visit) => {
      const longest = await visit.longestTask(() => visit.run("Denoise", "by three matrices"));
      expect([await visit.device(), visit.errors]).toEqual([device, []]);
      expect(longest).toBeLessThan(LONGEST_TASK);
      const steps = await events(visit, "step");
      for (const walk of [0, 1, 2]) {
        const values = steps.filter((event) => event.walk === walk).map((event) => event.values as number[]);
        const [first, last] = [values[0] as number[], values.at(-1) as number[]];
        expect(last.every((value) => Math.abs(value) < 2)).toBe(true);
        expect(last.slice(0, 4)).toEqual(first.slice(0, 4));
        expect(last.slice(4, 16)).not.toEqual(first.slice(4, 16));
      }
      if (device === "wasm") await visit.picture("matrix");
    });
  });

  it("takes painted levels, by keys, and shows them as code", async () => {
    await visiting("demos/matrix.html?device=wasm&steps=4&kind=full-sequence", async (visit) => {
      const { page } = visit;
      await page.locator(".matrix-editor").focus();
      await page.keyboard.press("0");
      await page.getByText("Undo what was painted").waitFor();
      expect(await page.locator(".matrix-code code").textContent()).toContain("  [0, 3, 3,");
      await visit.run("Denoise", "by three matrices");
      expect(visit.errors).toEqual([]);
    });
  });
});

describe("the dream", () => {
  it.each(["wasm", "webgpu"])(
    "goes on under the keys on %s: frames differ, and nothing else than colours is seen",
    async (device) => {
      await visiting(`demos/dream.html?device=${device}&steps=4&both=1`, async (visit) => {
        const { page } = visit;
        const longest = await visit.longestTask(async () => {
          await page.getByRole("button", { name: "Dream" }).click();
          await page.locator(".dream").focus();
          await page.keyboard.down("ArrowUp");
          const enough = device === "wasm" ? /^([3-9]\d|\d{3,}) frames dreamt/ : /^[3-9] frames dreamt/;
          await page.locator(".demo-status").filter({ hasText: enough }).waitFor({ timeout: 180_000 });
          await page.keyboard.up("ArrowUp");
        });
        expect(longest).toBeLessThan(LONGEST_TASK);
        await page.getByRole("button", { name: "Stop" }).click();
        await page.getByRole("button", { name: "Dream again" }).waitFor();
        const frames = await events(visit, "frame");
        for (const side of ["stabilized", "plain"]) {
          const seen = frames.filter((event) => event.side === side).map(({ pixels }) => pixels as number[]);
          expect(seen.length).toBeGreaterThan(3);
          // Frames are neither still nor one colour.
          expect(seen.at(-1)).not.toEqual(seen.at(-2));
          expect(new Set(seen.at(-1)).size).toBeGreaterThan(30);
        }
        // Both begin with the same frame of the simulator.
        expect(frames[0]?.pixels).toEqual(frames.find((event) => event.side === "plain")?.pixels);
        expect([await visit.device(), visit.errors]).toEqual([device, []]);
        if (device === "wasm") await visit.picture("dream");
      });
    },
  );
});

describe("the chorale", () => {
  it.each(["wasm", "webgpu"])(
    "is composed and rewritten on %s: the other bars stay, and it is saved as MIDI",
    async (device) => {
      await visiting(`demos/music.html?device=${device}&steps=5`, async (visit) => {
        const { page } = visit;
        const longest = await visit.longestTask(async () => {
          await visit.run("Compose", "out of noise");
          await page.getByRole("button", { name: "bar 3", exact: true }).click();
          await visit.run("Rewrite bars 3", "Bars 3 to 3 are new");
        });
        expect([await visit.device(), visit.errors]).toEqual([device, []]);
        expect(longest).toBeLessThan(LONGEST_TASK);
        const chorales = (await visit.messages()).flatMap(({ response }) => {
          const pitches = (response as { pitches?: number[] } | null)?.pitches;
          return pitches === undefined ? [] : [pitches];
        });
        const [before, after] = chorales as [number[], number[]];
        // A bar is 16 sixteenths of four voices.
        const bar = 16 * 4;
        const outside = (pitches: number[]): number[] => [...pitches.slice(0, 2 * bar), ...pitches.slice(3 * bar)];
        expect(outside(after)).toEqual(outside(before));
        expect(after.slice(2 * bar, 3 * bar)).not.toEqual(before.slice(2 * bar, 3 * bar));
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("button", { name: "Save as MIDI" }).click(),
        ]);
        const bytes = await readFile(await download.path());
        expect(bytes.subarray(0, 4).toString()).toBe("MThd");
        if (device === "wasm") await visit.picture("music");
      });
    },
  );

  it("refuses what is no MIDI file, with a message", async () => {
    await visiting("demos/music.html?device=wasm", async (visit) => {
      const file = { name: "notes.mid", mimeType: "audio/midi", buffer: Buffer.from("no music at all") };
      await visit.page.locator("input[type=file]").setInputFiles(file);
      await visit.page.locator(".demo-status").filter({ hasText: "notes.mid" }).waitFor();
      expect(visit.errors).toEqual([]);
    });
  });
});

describe("training in the tab", () => {
  it.each(["wasm", "webgpu"])("the loss falls on %s", async (device) => {
    const steps = device === "wasm" ? 450 : 150;
    await visiting(`demos/train.html?device=${device}&steps=${steps}&width=16`, async (visit) => {
      const longest = await visit.longestTask(() => visit.run("Train", "Trained"));
      expect([await visit.device(), visit.errors]).toEqual([device, []]);
      expect(longest).toBeLessThan(LONGEST_TASK);
      const losses = (await events(visit, "loss")).flatMap((event) => event.losses as number[]);
      const mean = (values: number[]): number => values.reduce((total, value) => total + value, 0) / values.length;
      expect(losses.length).toBe(steps);
      expect(mean(losses.slice(-30))).toBeLessThan(0.6 * mean(losses.slice(0, 30)));
      if (device === "wasm") await visit.picture("train");
    });
  });

  it("goes on after a reload, bit for bit, and gives a bundle and an ONNX file", async () => {
    const path = "demos/train.html?device=wasm&steps=300&width=16";
    const whole = await visiting(path, async (visit) => {
      await visit.run("Train", "Trained");
      return (await events(visit, "loss")).flatMap((event) => event.losses as number[]);
    });
    await visiting(path, async (visit) => {
      const { page } = visit;
      await page.getByRole("button", { name: "Train", exact: true }).click();
      await page
        .locator(".demo-status")
        .filter({ hasText: /Step (?!0)\d+ of/ })
        .waitFor();
      await page.getByRole("button", { name: "Stop" }).click();
      await page.locator(".demo-status").filter({ hasText: "Paused" }).waitFor();
      await page.reload();
      await visit.run("Go on from step", "Trained");
      const rest = (await events(visit, "loss")).flatMap((event) => event.losses as number[]);
      expect(rest.length).toBeLessThan(300);
      expect(rest).toEqual(whole.slice(-rest.length));

      const files: Record<string, Uint8Array> = {};
      const keep = async (button: string, count: number): Promise<void> => {
        const downloads: Promise<void>[] = [];
        page.on("download", (download) => {
          downloads.push(
            download.path().then(async (file) => {
              files[download.suggestedFilename()] = new Uint8Array(await readFile(file));
            }),
          );
        });
        await page.getByRole("button", { name: button }).click();
        await expect.poll(() => downloads.length).toBe(count);
        await Promise.all(downloads);
        page.removeAllListeners("download");
      };
      await keep("Save the bundle", 2);
      await keep("Save as ONNX", 1);
      const { diffusion, parameters } = await loadBundle(filesStore(files));
      const backend = await onnxBackend({ threads: 1 });
      const sampler = diffusionForcing({ model: diffusion.model, process: diffusion.process }).sampler({
        backend,
        parameters,
        timesteps: 5,
      });
      expect((await sampler.sample({ length: 16, seed: 1 })).shape).toEqual([1, 16, 1]);
      await sampler.dispose();
      await backend.dispose();
      const { InferenceSession, Tensor } = await import("onnxruntime-node");
      const session = await InferenceSession.create(files["sampling-step.onnx"] as Uint8Array);
      const levels = Int32Array.from({ length: 32 }, (_, i) => (i < 16 ? 100 : 50));
      const outputs = await session.run({
        x: new Tensor("float32", new Float32Array(16).fill(0.5), [1, 16, 1]),
        levels: new Tensor("int32", levels, [2, 1, 16]),
      });
      expect(Array.from(outputs["x.next"]?.data as Float32Array).every(Number.isFinite)).toBe(true);
      expect(visit.errors).toEqual([]);
    });
  });
});

/** Files of the repository are found from its root. */
process.chdir(join(import.meta.dirname, "../../.."));
