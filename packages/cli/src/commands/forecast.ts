import type { Task } from "@diffusion-forcing/tasks";
import type { Command } from "commander";
import { fileReportCommand } from "./file-report.js";

export function forecastCommand(tasks: readonly Task[]): Command {
  return fileReportCommand(tasks, {
    name: "forecast",
    description:
      "go on with series of yours: samples, quantiles and a fan chart; what else may be said depends on the task",
    usage: "--model <name> --data <file> [options]",
    out: "forecast",
    outSummary: "where samples, quantiles and pictures go",
    doing: "forecasting",
    cannot: "forecasts nothing",
    work: ({ forecasting }) => forecasting,
  });
}
