import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  cosineSchedule,
  createRandom,
  diffusionForcing,
  heun,
  initializeParameters,
  referenceBackend,
  saveBundle,
  tensor,
  transformer,
} from "@diffusion-forcing/core";
import { evaluateGraph } from "@diffusion-forcing/core/graph";
import { cpHead } from "@diffusion-forcing/core/models";
import { folderStore } from "@diffusion-forcing/core/node";
import { parameterName, Sampler, symbolLaws } from "@diffusion-forcing/core/sampling";
import { plannerDiffusion } from "@diffusion-forcing/tasks/maze2d";
import * as onnxRuntime from "onnxruntime-node";
import { beforeAll, describe, expect, it } from "vitest";
import { loadPlanner } from "../files/models.js";
import { dforce, temporaryFolder, tinyRecipe, trainTiny } from "../testing/cli.js";

let model = "";
let out = "";
let exported: Awaited<ReturnType<typeof dforce>>;
beforeAll(async () => {
  model = await trainTiny({ steps: 1 });
  out = join(await temporaryFolder(), "deep", "step.onnx");
  exported = await dforce("export", "--model", model, "--out", out, "--batch", "2", "--tokens", "4", "--json");
});

describe("dforce export", () => {
  it("writes the file, its folder too, and says what it takes", async () => {
    expect(exported.code).toBe(0);
    expect(JSON.parse(exported.stdout)).toEqual({
      out,
      bytes: (await readFile(out)).length,
      inputs: { x: [2, 4, 20], levels: [2, 2, 4] },
      outputs: ["x.next", "clean"],
    });
  });

  it("is a step of our own sampler, run by plain onnxruntime-node", async () => {
    const { config, parameters } = await loadPlanner(model);
    const noise = new Float32Array(2 * 4 * 20);
    createRandom(7).fillNormal(noise);
    const backend = referenceBackend();
    const sampler = new Sampler(plannerDiffusion(config), {
      backend,
      parameters,
      timesteps: 10,
      stabilizationLevel: 10,
    });
    // The first token is clean context, the others take one of ten steps from pure noise.
    const rows = [
      [0, 10, 10, 10],
      [0, 9, 9, 9],
    ];
    const tokens = tensor(noise.slice(), [2, 4, 20]);
    const ours = await sampler.denoise({ tokens, rows, seed: 0 });
    const twice = rows.flatMap((row) => [...row, ...row]);
    const levels = Int32Array.from(twice, (index) => sampler.levels[index] as number);

    const session = await onnxRuntime.InferenceSession.create(await readFile(out));
    expect([[...session.inputNames].sort(), [...session.outputNames].sort()]).toEqual([
      ["levels", "x"],
      ["clean", "x.next"],
    ]);
    const theirs = await session.run({
      x: new onnxRuntime.Tensor("float32", noise, [2, 4, 20]),
      levels: new onnxRuntime.Tensor("int32", levels, [2, 2, 4]),
    });
    const next = theirs["x.next"]?.data as Float32Array;
    expect(next).toHaveLength(160);
    expect([...next].every((value, i) => Math.abs(value - (ours.data[i] as number)) < 1e-4)).toBe(true);
    expect([...next].some((value, i) => Math.abs(value - (noise[i] as number)) > 1e-2)).toBe(true);
  });

  it("can be inspected: standard operators only, the config inside", async () => {
    const { code, stdout } = await dforce("inspect", out, "--json");
    expect(code).toBe(0);
    const { kind, summary, metadata, tensors } = JSON.parse(stdout);
    expect(kind).toBe("onnx");
    expect(summary.operatorSets).toBe("ai.onnx 18");
    expect(JSON.parse(metadata.config)).toMatchObject({ model: tinyRecipe.planner.model, task: { kind: "maze2d" } });
    expect(tensors).toContainEqual({ name: "input x", type: "float32[2, 4, 20]" });
    expect(tensors).toContainEqual({ name: "output x.next", type: "float32[2, 4, 20]" });
  });

  it("has the longest trained length without --tokens, and prints a line without --json", async () => {
    const path = join(await temporaryFolder(), "a.onnx");
    const { code, stdout } = await dforce("export", "--model", model, "--out", path);
    expect(stdout).toContain(`wrote ${path} (0.`);
    expect(stdout).toContain(
      "inputs x [1,3,20], levels [2,1,3] (levels: before and after the step); outputs x.next, clean\n",
    );
    expect(code).toBe(0);
  });

  it("exports a conditioned model, the condition as an input, with the solver of choice", async () => {
    const conditioned = diffusionForcing({
      model: transformer({ features: 2, width: 8, layers: 1, heads: 2, conditionFeatures: 3 }),
      schedule: cosineSchedule(20),
    });
    const parameters = initializeParameters(conditioned.model, createRandom(2));
    const folder = join(await temporaryFolder(), "conditioned");
    await saveBundle({ diffusion: conditioned, parameters }, folderStore(folder));
    const normal = (seed: number, ...shape: number[]) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      createRandom(seed).fillNormal(data);
      return tensor(data, shape);
    };
    const [tokens, condition] = [normal(1, 1, 2, 2), normal(2, 1, 2, 3)];
    const stepOf = async (name: "heun" | "ddim"): Promise<number[]> => {
      const path = join(await temporaryFolder(), `${name}.onnx`);
      const args = ["--tokens", "2", "--stabilization-level", "1", "--solver", name, "--json"];
      const { stdout } = await dforce("export", "--model", folder, "--out", path, ...args);
      expect(JSON.parse(stdout).inputs).toEqual({ x: [1, 2, 2], levels: [2, 1, 2], condition: [1, 2, 3] });
      const session = await onnxRuntime.InferenceSession.create(await readFile(path));
      const { "x.next": next } = await session.run({
        x: new onnxRuntime.Tensor("float32", tokens.data, tokens.shape),
        levels: new onnxRuntime.Tensor("int32", Int32Array.of(20, 20, 10, 10), [2, 1, 2]),
        condition: new onnxRuntime.Tensor("float32", condition.data, condition.shape),
      });
      return [...((next as onnxRuntime.Tensor).data as Float32Array)];
    };
    const sampler = conditioned.sampler({
      backend: referenceBackend(),
      parameters,
      timesteps: 2,
      solver: heun(),
      stabilizationLevel: 1,
    });
    const rows = [
      [2, 2],
      [1, 1],
    ];
    const ours = await sampler.denoise({ tokens, rows, condition, seed: 0 });
    const found = await stepOf("heun");
    expect(found.every((value, i) => Math.abs(value - (ours.data[i] as number)) < 1e-4)).toBe(true);
    const other = await stepOf("ddim");
    expect(other.some((value, i) => Math.abs(value - (ours.data[i] as number)) > 1e-3)).toBe(true);
  });

  it("takes the noise of a random solver as an input, and a solver's memory", async () => {
    const inputs = async (...args: string[]): Promise<unknown> => {
      const path = join(await temporaryFolder(), "a.onnx");
      const { stdout } = await dforce("export", "--model", model, "--out", path, "--json", ...args);
      return JSON.parse(stdout);
    };
    expect(await inputs("--solver", "ancestral")).toMatchObject({ inputs: { noise: [1, 1, 3, 20] } });
    const { inputs: given, outputs } = (await inputs("--solver", "dpm-solver++")) as {
      inputs: Record<string, unknown>;
      outputs: string[];
    };
    const remembered = Object.keys(given).filter((name) => name.startsWith("solver/"));
    expect(remembered.length).toBeGreaterThan(0);
    for (const name of remembered) expect(outputs).toContain(`${name}.next`);
  });

  it("writes the laws of a model that predicts symbols, which inspect knows and sample leaves to code", async () => {
    const head = cpHead({ categories: 3, ahead: 2, rank: 2 });
    const symbols = transformer({ features: 3, outputs: head.outputs, width: 8, layers: 1, heads: 2 });
    const parameters = initializeParameters(symbols, createRandom(2));
    const folder = join(await temporaryFolder(), "symbols");
    await saveBundle({ model: symbols, head, parameters, trainedOn: { tokens: [4, 4] } }, folderStore(folder));
    const path = join(await temporaryFolder(), "laws.onnx");
    const written = await dforce("export", "--model", folder, "--out", path, "--json");
    expect(JSON.parse(written.stdout)).toMatchObject({
      inputs: { tokens: [1, 4, 3] },
      outputs: ["weights", "symbols"],
    });
    const session = await onnxRuntime.InferenceSession.create(await readFile(path));
    const data = Float32Array.of(1, -1, -1, -1, -1, 1, -1, -1, 1, -1, -1, -1);
    const found = await session.run({ tokens: new onnxRuntime.Tensor("float32", data, [1, 4, 3]) });
    const constants = Object.entries(parameters).map(([name, value]) => [parameterName(name), value] as const);
    const graph = symbolLaws(symbols, head, { batch: 1, length: 4 });
    const expected = evaluateGraph(graph, { ...Object.fromEntries(constants), tokens: tensor(data, [1, 4, 3]) });
    for (const [name, { shape, data: numbers }] of Object.entries(expected)) {
      expect(found[name]?.dims).toEqual(shape);
      expect([...(found[name] as onnxRuntime.Tensor).data]).toEqual([...numbers].map((x) => expect.closeTo(x, 5)));
    }
    const inspected = await dforce("inspect", folder);
    expect(inspected.stdout).toContain("multi-token");
    expect(inspected.stdout).toContain("cp, categories 3, ahead 2, rank 2");
    const sampled = await dforce("sample", "--model", folder, "--out", join(folder, "out"));
    expect([sampled.code, sampled.stderr]).toEqual([1, expect.stringContaining("which sampleSymbols() draws from")]);
    const solved = await dforce("export", "--model", folder, "--out", `${path}2`, "--solver", "ddim");
    expect([solved.code, solved.stderr]).toEqual([2, expect.stringContaining("--solver: the model predicts symbols")]);
  });

  it("exits with 2 for a level the model does not have", async () => {
    const path = join(await temporaryFolder(), "a.onnx");
    const args = ["export", "--model", model, "--out", path, "--stabilization-level", "101"];
    const { code, stderr } = await dforce(...args);
    expect(stderr).toBe("error: --stabilization-level is 101; the model has 100 noise levels.\n");
    expect(code).toBe(2);
  });

  it("exits with 1 where a folder is in the way, and leaves nothing else there", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "taken.onnx"));
    const { code, stdout, stderr } = await dforce("export", "--model", model, "--out", join(folder, "taken.onnx"));
    expect(stderr).toMatch(/taken\.onnx could not be written: EISDIR.*\[write-failed\]/);
    expect([code, stdout]).toEqual([1, ""]);
    expect(await readdir(folder)).toEqual(["taken.onnx"]);
  });

  it("overwrites no file of its model, whatever it is told, and no other file unless told to", async () => {
    const weights = join(model, "model.safetensors");
    const before = await readFile(weights);
    const forced = await dforce("export", "--model", model, "--out", weights, "--force");
    expect(forced.stderr).toContain(`${weights} is what is read, and would be lost`);
    const other = await dforce("export", "--model", "umaze", "--out", weights);
    expect(other.stderr).toContain(`${weights} is there already`);
    expect([forced.code, other.code, await readFile(weights)]).toEqual([1, 1, before]);
  });
});
