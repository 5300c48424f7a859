import { basename, delimiter, dirname, relative, sep } from "node:path";

/** What of a process tells how `dforce` was called. */
export interface Call {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The script that runs, as the shell named it. */
  readonly script: string;
  readonly folder: string;
}

/** The package as registries know it: the short name could be registered by anybody. */
const packageName = "@diffusion-forcing/cli";

/**
 * The words with which this `dforce` can be called again from where it was called: `npm run dforce --` in a checkout,
 * `npx dforce` where npx ran it, else the program itself. So that commands that are printed work where they are read.
 */
export function invocation(
  call: Call = { env: process.env, script: process.argv[1] ?? "", folder: process.cwd() },
): string {
  const { env, script, folder } = call;
  if (["dforce", "start"].includes(env.npm_lifecycle_event ?? "")) return "npm run dforce --";
  if (env.npm_command === "exec") return script.includes(`${sep}_npx${sep}`) ? `npx ${packageName}` : "npx dforce";
  const onPath = (env.PATH ?? "").split(delimiter).includes(dirname(script));
  if (basename(script) === "dforce") return onPath ? "dforce" : relative(folder, script);
  return script.endsWith(".ts") ? "npm run dforce --" : `node ${relative(folder, script) || script}`;
}

/** A whole command line that can be pasted into a shell. */
export function commandLine(...args: readonly string[]): string {
  return [invocation(), ...args.map(quoted)].join(" ");
}

/** A word as it can be pasted into a shell. */
export function quoted(word: string): string {
  return /^[\w./\\:,=@-]+$/.test(word) ? word : JSON.stringify(word);
}
