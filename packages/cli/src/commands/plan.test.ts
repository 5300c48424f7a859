import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { dforce, temporaryFolder, trainTiny, writeRecipe } from "../testing/cli.js";

let model = "";
beforeAll(async () => {
  model = await trainTiny({ steps: 1 });
});

async function planned(...args: string[]) {
  const out = join(await temporaryFolder(), "pictures");
  const outcome = await dforce("plan", "--model", model, "--threads", "1", "--out", out, ...args);
  expect([outcome.code, outcome.stderr.match(/error:.*/)?.[0]]).toEqual([0, undefined]);
  const contents: Buffer[] = [];
  const names = (await readdir(out)).sort();
  for (const name of names) contents.push(await readFile(join(out, name)));
  return { out, names, contents, ...outcome };
}

describe("dforce plan", () => {
  it("writes a GIF, a PNG and an SVG and one JSON document, all the same for the same seed", async () => {
    const first = await planned("--json");
    expect(first.names).toEqual(["plan.gif", "plan.png", "plan.svg"]);
    const [gif, png, svg] = first.contents as [Buffer, Buffer, Buffer];
    expect(gif.toString("latin1", 0, 6)).toBe("GIF89a");
    expect(gif.at(-1)).toBe(0x3b);
    expect([...png.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
    expect(svg.toString("utf8")).toMatch(/^<svg[\s\S]*<\/svg>\s*$/);

    const { firstPlanMilliseconds, files, ...document } = JSON.parse(first.stdout);
    expect(firstPlanMilliseconds).toBeGreaterThan(0);
    expect(files).toEqual({
      animation: join(first.out, "plan.gif"),
      still: join(first.out, "plan.png"),
      drawing: join(first.out, "plan.svg"),
    });
    const point = [expect.any(Number), expect.any(Number)];
    expect(document).toEqual({
      model,
      maze: "umaze",
      seed: 0,
      start: point,
      goal: [1, 1],
      success: false,
      firstReach: expect.any(Number),
      ratioToExpert: null, // a model that was trained for one step does not arrive
      normalizedScore: expect.any(Number),
      plans: expect.any(Number),
      firstPlanTokens: 3,
      planWallFraction: expect.any(Number),
      note: expect.stringContaining("Re-created environment"),
    });
    expect(document.plans).toBeGreaterThan(1);
    expect(first.stderr).toMatch(
      /^driving 0\/300 \| 2 plans of 3 tokens, step 0 of \d+\n[\s\S]*driving 300\/300 \| \d+ steps\/s \| 0 s left\n$/,
    );

    const { firstPlanMilliseconds: _, files: __, ...again } = JSON.parse((await planned("--json")).stdout);
    expect(again).toEqual(document);
  });

  it("drives and draws an episode that starts at its goal and needs no plan", async () => {
    // Seed 0 draws start and goal 0.04 apart.
    const { names, stdout } = await planned("--multi-task", "--seed", "0");
    expect(names).toHaveLength(3);
    expect(stdout).toMatch(/\n {2}goal reached +after 1 of 300 steps\n/);
    expect(stdout).toMatch(/\n {2}plans made +none, the start is at the goal\n/);
    expect(stdout).toMatch(/\nwrote .*plan\.gif, .*plan\.png, .*plan\.svg\nRe-created environment/);
  });

  it("goes from --start to --to, and says when it does not arrive", async () => {
    const { stdout } = await planned("--start", "3,1", "--to", "1.1,1.2", "--quiet");
    expect(stdout).toMatch(/\n {2}start -> goal +\(3\.00, 1\.00\) -> \(1\.10, 1\.20\)\n/);
    expect(stdout).toMatch(/\n {2}goal reached +no, it did not arrive within 300 steps\n {2}normalised score/);
  });

  it("takes the model as its first word, but not twice", async () => {
    const folder = await temporaryFolder();
    const rest = ["--threads", "1", "--out", join(folder, "pictures"), "--multi-task", "--seed", "0", "--json"];
    const { code, stdout } = await dforce("plan", model, ...rest);
    expect([code, JSON.parse(stdout).model]).toEqual([0, model]);
    const twice = await dforce("plan", "umaze", "--model", model);
    expect([twice.code, twice.stderr]).toEqual([
      2,
      expect.stringMatching(/^error: The model is given twice: "umaze" and --model "/),
    ]);
  });

  it("exits with 2 for a start or goal in a wall", async () => {
    const { code, stderr } = await dforce("plan", "--model", model, "--to", "2,1");
    expect(stderr).toMatch(/^error: --to 2,1 lies in a wall of the umaze maze; the nearest free cell is 1,1\./);
    expect(code).toBe(2);
  });

  it("overwrites no pictures in a folder of the user's unless told to", async () => {
    const out = await temporaryFolder();
    await writeFile(join(out, "plan.png"), "mine");
    const args = ["plan", "--model", model, "--threads", "1", "--steps", "2", "--out", out];
    const { code, stderr } = await dforce(...args);
    expect(stderr).toContain(`error: ${join(out, "plan.png")} is there already. Choose another --out, or give --force`);
    expect([code, await readdir(out)]).toEqual([1, ["plan.png"]]);
    expect((await dforce(...args, "--force", "--quiet")).stderr).toBe("");
    expect(await readdir(out)).toHaveLength(3);
  });

  describe("in a maze that somebody drew", () => {
    async function drawn(lines: readonly string[]): Promise<string> {
      const path = join(await temporaryFolder(), "maze.txt");
      await writeFile(path, `${lines.join("\n")}\n`);
      return path;
    }

    it("drives through other walls than those trained in, and says so", async () => {
      const maze = await drawn(["#####", "#G..#", "###.#", "#.#.#", "#####"]);
      const { code, stderr } = await dforce("plan", "--model", model, "--maze", maze);
      expect(stderr).toMatch(
        /^error: .*maze\.txt: The maze cannot be read: line 4, column 2 cannot be reached from line 2, column 2/,
      );
      expect(code).toBe(1);
      const other = await drawn(["#####", "#G..#", "#.#.#", "#...#", "#####"]);
      const { stdout, stderr: said } = await planned("--maze", other, "--start", "3,1");
      expect(said).toMatch(/^note: 1 cells of .*maze\.txt are not as in the maze the model was trained in/m);
      expect(stdout).toMatch(/\n {2}start -> goal +\(3\.00, 1\.00\) -> \(1\.00, 1\.00\)\n/);
    });

    it("refuses one of another size, with the command that trains there, and a start in its walls", async () => {
      const long = await drawn(["######", "#G...#", "######"]);
      const size = await dforce("plan", "--model", model, "--maze", long);
      expect(size.stderr).toContain("draws a maze of 3 by 6 cells; the model");
      expect(size.stderr).toContain(`train maze2d --preset quick --maze ${long}`);
      const same = await drawn(["#####", "#G..#", "###.#", "#...#", "#####"]);
      const wall = await dforce("plan", "--model", model, "--maze", same, "--start", "2,1");
      expect(wall.stderr).toContain("--start 2,1 lies in a wall of");
      expect([size.code, wall.code]).toEqual([1, 2]);
    });
  });

  it("is never overwritten by what is drawn of it", async () => {
    const out = await temporaryFolder();
    const maze = join(out, "plan.svg");
    await writeFile(maze, "#####\n#..G#\n#####\n");
    const { code, stderr } = await dforce("plan", "--model", model, "--maze", maze, "--out", out, "--force");
    expect([code, stderr]).toEqual([1, expect.stringContaining("plan.svg is what is read, and would be lost")]);
  });

  it("plans in the drawn maze that it was trained in", async () => {
    const drawing = join(await temporaryFolder(), "mine.txt");
    await writeFile(drawing, "######\n#..G.#\n######\n");
    const config = await writeRecipe({ steps: 1 });
    const mine = join(await temporaryFolder(), "mine");
    const trained = await dforce(
      "train",
      "maze2d",
      ...["--config", config, "--maze", drawing, "--out", mine, "--threads", "1", "--quiet"],
    );
    expect(trained.stderr).toBe("");
    const out = join(await temporaryFolder(), "pictures");
    const { stdout } = await dforce("plan", "--model", mine, "--threads", "1", "--out", out, "--json", "--steps", "2");
    expect(JSON.parse(stdout)).toMatchObject({ maze: "own", goal: [1, 3] });
  });
});
