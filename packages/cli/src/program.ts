import { createRequire } from "node:module";
import { tasks as allTasks, type Task } from "@diffusion-forcing/tasks";
import { Command } from "commander";
import { backendsCommand } from "./commands/backends.js";
import { convertCommand } from "./commands/convert.js";
import { doctorCommand } from "./commands/doctor.js";
import { evalCommand } from "./commands/eval.js";
import { exportCommand } from "./commands/export.js";
import { forecastCommand } from "./commands/forecast.js";
import { infillCommand } from "./commands/infill.js";
import { initCommand } from "./commands/init.js";
import { inspectCommand } from "./commands/inspect.js";
import { planCommand } from "./commands/plan.js";
import { sampleCommand } from "./commands/sample.js";
import { separateCommand } from "./commands/separate.js";
import { trainCommand } from "./commands/train.js";

/** The `dforce` command with all its subcommands, for the given tasks. */
export function buildProgram(tasks: readonly Task[] = allTasks): Command {
  const { version } = createRequire(import.meta.url)("../package.json") as { version: string };
  const program = new Command("dforce")
    .description("Train, sample and steer Diffusion Forcing models")
    .version(version)
    .option("--debug", "show where an error comes from; goes with every command")
    .exitOverride();
  for (const command of [
    planCommand(),
    trainCommand(tasks),
    evalCommand(tasks),
    forecastCommand(tasks),
    separateCommand(tasks),
    sampleCommand(tasks),
    infillCommand(),
    inspectCommand(),
    exportCommand(),
    convertCommand(),
    initCommand(),
    backendsCommand(),
    doctorCommand(),
  ]) {
    program.addCommand(
      command.exitOverride().showHelpAfterError(`(dforce ${command.name()} --help shows its options)`),
    );
  }
  return program.showHelpAfterError("(dforce --help shows what there is)");
}
