#!/usr/bin/env node
import { guardStreams, lostResults, settleStreams } from "./process/streams.js";
import { reportFailure, runCli } from "./run.js";

const failures = guardStreams();
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error) => {
    process.exit(reportFailure(error, process.argv.includes("--debug")));
  });
}

const code = await runCli(process.argv.slice(2));
await settleStreams();
const lost = lostResults(failures);
if (lost !== undefined) process.stderr.write(`error: stdout cannot be written to: ${lost.message} [write-failed]\n`);
process.exitCode = code === 0 && lost !== undefined ? 1 : code;
