import type { Task } from "@diffusion-forcing/tasks";
import type { Command } from "commander";
import { fileReportCommand } from "./file-report.js";

export function separateCommand(tasks: readonly Task[]): Command {
  return fileReportCommand(tasks, {
    name: "separate",
    description: "take a sound of yours apart into its two sources: a WAV file in, two out",
    usage: "--model <name> --mixture <file> [options]",
    out: "separated",
    outSummary: "where the parts go",
    doing: "separating",
    cannot: "takes no sounds apart",
    work: ({ separating }) => separating,
  });
}
