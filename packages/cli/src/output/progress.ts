import { Presets, SingleBar } from "cli-progress";

export interface Progress {
  update(done: number, note?: string): void;
  stop(): void;
}

/** A progress bar on stderr; where stderr is no terminal, a line every tenth of the way instead. */
export function startProgress(label: string, total: number, done = 0): Progress {
  if (!process.stderr.isTTY) return lineProgress(label, total, done);
  const bar = new SingleBar(
    { format: `${label} {bar} {percentage}% | {value}/{total} | {eta_formatted} left {note}`, stream: process.stderr },
    Presets.shades_classic,
  );
  bar.start(total, done, { note: "" });
  return {
    update: (value, note = "") => bar.update(value, { note: note && `| ${note}` }),
    stop: () => bar.stop(),
  };
}

function lineProgress(label: string, total: number, done: number): Progress {
  let shown = Math.floor((10 * done) / total);
  return {
    update(value, note = "") {
      const tenth = Math.floor((10 * value) / total);
      if (tenth === shown) return;
      shown = tenth;
      process.stderr.write(`${label} ${value}/${total}${note && ` | ${note}`}\n`);
    },
    stop() {},
  };
}
