import { Command } from "commander";
import { trainCommand } from "./commands/train.js";

/** The `dforce` command with all its subcommands. */
export function buildProgram(): Command {
  const program = new Command("dforce")
    .description("Train, sample and steer Diffusion Forcing models")
    .showHelpAfterError("(dforce --help shows what there is)")
    .exitOverride();
  for (const command of [trainCommand()]) {
    program.addCommand(command.exitOverride());
  }
  return program;
}
