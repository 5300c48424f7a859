/** What mutation testing covers, and which tests have to catch the mutants of it. */
export interface Scope {
  readonly folder: string;
  /** Globs. */
  readonly tests: readonly string[];
}

const core = "packages/core/src";
const testsIn = (...folders: readonly string[]): string[] => folders.map((folder) => `${core}/${folder}/**/*.test.ts`);
export const scopes: readonly Scope[] = [
  { folder: `${core}/metrics`, tests: testsIn("metrics") },
  // A derivative is part of an op's rule; the reference backend shows both.
  { folder: `${core}/engine/autodiff`, tests: testsIn("engine/autodiff", "engine/graph") },
  { folder: `${core}/process`, tests: testsIn("process") },
  { folder: `${core}/training`, tests: testsIn("training") },
  { folder: `${core}/sampling`, tests: testsIn("sampling") },
  { folder: `${core}/likelihood`, tests: testsIn("likelihood") },
];

/**
 * The scopes that a path names: a whole folder of the list, or one file or folder in it. Without a path, all.
 *
 * @throws Error for a path that lies in none.
 */
export function scopesOf(path: string | undefined): Scope[] {
  if (path === undefined) return [...scopes];
  const wanted = path.replace(/\/$/, "");
  const scope = scopes.find(({ folder }) => wanted === folder || wanted.startsWith(`${folder}/`));
  if (scope === undefined) {
    throw new Error(`${path} is not covered; expected something in ${scopes.map(({ folder }) => folder).join(", ")}.`);
  }
  return [{ folder: wanted, tests: scope.tests }];
}

/** The files of a scope that are mutated: no tests, and nothing that only re-exports. */
export function mutatedFiles({ folder }: Scope): string[] {
  if (folder.endsWith(".ts")) return [folder];
  return [`${folder}/**/*.ts`, `!${folder}/**/*.test.ts`, `!${folder}/**/index.ts`];
}
