import type { OptionSchemas } from "@diffusion-forcing/tasks";
import { Command } from "commander";
import { afterEach, describe, expect, it, vi } from "vitest";
import { UsageError } from "./options.js";
import { addTaskOptions, describeTaskOptions, taskOptionValues } from "./task-options.js";

const options: OptionSchemas = {
  episodes: { kind: "integer", summary: "how many", default: 100, low: 1 },
  scale: { kind: "number", summary: "how strong", default: 0.02, low: 0 },
  tokens: { kind: "integer", summary: "how long", low: 3, high: 352, trained: [3, 22] },
  guidanceWeights: { kind: "choice", summary: "which", choices: ["a", "b"], default: "a" },
  multiTask: { kind: "flag", summary: "whether" },
};

async function parse(...args: string[]) {
  const command = addTaskOptions(new Command().exitOverride().configureOutput({ writeErr: () => {} }), options);
  return taskOptionValues(options, command.parse(args, { from: "user" }).opts());
}

afterEach(() => vi.restoreAllMocks());

describe("options of a task", () => {
  it("are options of the command, in its spelling", async () => {
    expect(await parse()).toEqual({ episodes: 100, scale: 0.02, guidanceWeights: "a", multiTask: false });
    const given = await parse(
      "--episodes",
      "3",
      "--scale",
      "1e-3",
      "--tokens",
      "22",
      "--guidance-weights",
      "b",
      "--multi-task",
    );
    expect(given).toEqual({ episodes: 3, scale: 1e-3, tokens: 22, guidanceWeights: "b", multiTask: true });
  });

  it.each([
    [["--episodes", "0"], '--episodes is "0"; expected a whole number from 1.'],
    [["--episodes", "1.5"], '--episodes is "1.5"'],
    [["--scale", "-1"], '--scale is "-1"; expected a number from 0.'],
    [["--scale", "Infinity"], '--scale is "Infinity"'],
    [["--scale", "0x1"], '--scale is "0x1"; expected a number from 0.'],
    [["--tokens", "5000"], '--tokens is "5000"; expected a whole number from 3 to 352.'],
  ])("refuses %j", async (args, message) => {
    await expect(parse(...args)).rejects.toThrow(message);
    await expect(parse(...args)).rejects.toThrow(UsageError);
  });

  it("warn beyond what the model was trained for", async () => {
    const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    await parse("--tokens", "22");
    expect(written).not.toHaveBeenCalled();
    await parse("--tokens", "300");
    expect(written.mock.calls[0]?.[0]).toContain("warning: --tokens is 300; the model was trained on 3 to 22");
  });

  it("are described for --help", () => {
    expect(describeTaskOptions(options)).toContain("--guidance-weights <name>");
    expect(describeTaskOptions(options)).toContain("which (choices: a, b) (default: a)");
  });
});
