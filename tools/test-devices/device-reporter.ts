import type { Reporter, TestModule, Vitest } from "vitest/node";
import type { Coverage } from "./coverage.js";
import { testDevices } from "./devices.js";

export interface Summary {
  readonly lines: readonly string[];
  /** Whether a declared device has no test that ran. */
  readonly failed: boolean;
}

const rule = "!".repeat(80);

/**
 * What a run covered.
 *
 * @param ran how many tests ran, by project.
 * @param whole whether the run was of the whole suite; of a part, chosen by name, nothing is expected.
 */
export function summarize(
  ran: ReadonlyMap<string, number>,
  { absent, declared }: Pick<Coverage, "absent" | "declared">,
  whole: boolean,
): Summary {
  const count = (name: string): number => ran.get(name) ?? 0;
  const covered = testDevices.filter(({ name }) => count(name) > 0).map(({ name }) => `${name} (${count(name)} tests)`);
  const lines = covered.length > 0 ? [`Devices tested: ${covered.join(", ")}`] : [];
  if (!whole) return { lines, failed: false };
  if (absent.size > 0) {
    lines.push("", rule, "NOT TESTED:", ...Array.from(absent, ([name, reason]) => `  ${name}: ${reason}`), rule);
  }
  const silent = declared.filter((name) => count(name) === 0);
  if (silent.length > 0) lines.push("", `DFORCE_DEVICES declares ${silent.join(", ")}, but not one test ran there.`);
  return { lines, failed: silent.length > 0 };
}

/** Says at the end of a run which devices it covered, and loudly which not; a declared one without a test fails it. */
export class DeviceReporter implements Reporter {
  private readonly coverage: Coverage;
  private whole = false;

  constructor(coverage: Coverage) {
    this.coverage = coverage;
  }

  onInit({ config }: Vitest): void {
    const names = process.argv.slice(2).filter((word) => word !== "run" && !word.startsWith("-"));
    const projects = [config.project].flat().filter(Boolean);
    this.whole = names.length === 0 && projects.length === 0 && !config.testNamePattern && !config.related;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const ran = new Map<string, number>();
    for (const { project, children } of modules) {
      const tests = Array.from(children.allTests()).filter((test) => test.result().state !== "skipped");
      ran.set(project.name, (ran.get(project.name) ?? 0) + tests.length);
    }
    const { lines, failed } = summarize(ran, this.coverage, this.whole);
    for (const line of lines) process.stdout.write(`${line}\n`);
    if (failed) process.exitCode = 1;
  }
}
