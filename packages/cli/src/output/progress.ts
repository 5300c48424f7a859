import { Presets, SingleBar } from "cli-progress";

/** Told how much is done, and optionally a note to show with it. */
export type OnProgress = (done: number, note?: string) => void;

/**
 * Shows the progress of `work` on stderr: a bar, or where stderr is no terminal a line every tenth of the way. The
 * bar is taken down however the work ends; its timer would keep the process alive.
 *
 * @param done what was done before.
 */
export async function withProgress<T>(
  label: string,
  total: number,
  work: (onProgress: OnProgress) => Promise<T>,
  done = 0,
): Promise<T> {
  if (!process.stderr.isTTY) return work(lineProgress(label, total, done));
  const bar = new SingleBar(
    { format: `${label} {bar} {percentage}% | {value}/{total} | {eta_formatted} left {note}`, stream: process.stderr },
    Presets.shades_classic,
  );
  bar.start(total, done, { note: "" });
  try {
    return await work((value, note = "") => bar.update(value, { note: note && `| ${note}` }));
  } finally {
    bar.stop();
  }
}

function lineProgress(label: string, total: number, done: number): OnProgress {
  let shown = Math.floor((10 * done) / total);
  return (value, note = "") => {
    const tenth = Math.floor((10 * value) / total);
    if (tenth === shown) return;
    shown = tenth;
    process.stderr.write(`${label} ${value}/${total}${note && ` | ${note}`}\n`);
  };
}
