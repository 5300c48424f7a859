/** What mutation testing found, from Stryker's JSON report (the mutation testing report schema). */
export interface MutationReport {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Mutant {
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: string;
  /** Files that load run into it, whether tests do or not. */
  readonly static?: boolean;
  readonly location: { readonly start: Position; readonly end: Position };
}

/** A mutant that no test can or need catch. */
export interface Accepted {
  readonly file: string;
  /** The mutated code as it stands in the file, and what replaced it. */
  readonly code: string;
  readonly replacement: string;
  readonly reason: string;
}

export interface Survivor {
  readonly file: string;
  readonly line: number;
  readonly code: string;
  readonly replacement: string;
  /** Why it may live. */
  readonly reason?: string;
}

export interface Score {
  /** Mutants that tests could have caught. */
  readonly tried: number;
  readonly caught: number;
  readonly survivors: readonly Survivor[];
}

/** A "RuntimeError" is one outside of tests: files of them no longer load, or what they left undone throws. */
const caughtStatuses = ["Killed", "Timeout", "RuntimeError"];
const livingStatuses = ["Survived", "NoCoverage"];

/** Mutants that do not compile or that a comment excludes count as nothing; so do accepted ones. */
export function scoreOf({ files }: MutationReport, accepted: readonly Accepted[]): Score {
  let caught = 0;
  const survivors: Survivor[] = [];
  for (const [file, { source, mutants }] of Object.entries(files)) {
    for (const mutant of mutants) {
      if (caughtStatuses.includes(mutant.status)) caught++;
      if (!livingStatuses.includes(mutant.status)) continue;
      const code = codeAt(source, mutant.location);
      const replacement = mutant.replacement ?? "";
      const known = accepted.find(
        (entry) => file.endsWith(entry.file) && entry.code === code && entry.replacement === replacement,
      );
      const reason = known === undefined ? {} : { reason: known.reason };
      survivors.push({ file, line: mutant.location.start.line, code, replacement, ...reason });
    }
  }
  const living = survivors.filter(({ reason }) => reason === undefined).length;
  return { tried: caught + living, caught, survivors };
}

/** As if mutants had not been tried that lived, though loading runs into them. */
export function withoutStaticSurvivors(report: MutationReport): MutationReport {
  const files = Object.entries(report.files).map(([name, file]) => {
    const mutants = file.mutants.filter((mutant) => !(mutant.static && livingStatuses.includes(mutant.status)));
    return [name, { ...file, mutants }];
  });
  return { ...report, files: Object.fromEntries(files) };
}

function codeAt(source: string, { start, end }: Mutant["location"]): string {
  const lines = source.split("\n").slice(start.line - 1, end.line);
  if (lines.length === 0) return "";
  lines[lines.length - 1] = (lines.at(-1) as string).slice(0, end.column - 1);
  lines[0] = (lines[0] as string).slice(start.column - 1);
  return lines.join("\n");
}
