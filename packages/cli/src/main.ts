#!/usr/bin/env node
import { runCli } from "./run.js";

// `dforce inspect large | head` closes the pipe early: no reason for a stack trace.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await runCli(process.argv.slice(2));
