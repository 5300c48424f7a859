import type { Reporter, TestModule, Vitest } from "vitest/node";
import type { Coverage } from "./coverage.js";
import { testDevices } from "./devices.js";

/** Says at the end of a run which devices it covered, and loudly which not; a declared one without a test fails it. */
export class DeviceReporter implements Reporter {
  private readonly coverage: Coverage;
  private whole = false;

  constructor(coverage: Coverage) {
    this.coverage = coverage;
  }

  onInit(vitest: Vitest): void {
    const { config } = vitest;
    this.whole = [config.project].flat().filter(Boolean).length === 0 && !config.testNamePattern && !config.related;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const ran = new Map<string, number>();
    for (const module of modules) {
      const tests = Array.from(module.children.allTests()).filter((test) => test.result().state !== "skipped").length;
      ran.set(module.project.name, (ran.get(module.project.name) ?? 0) + tests);
    }
    const { absent, declared } = this.coverage;
    const covered = testDevices.filter(({ name }) => (ran.get(name) ?? 0) > 0);
    if (covered.length > 0) {
      print(`Devices tested: ${covered.map(({ name }) => `${name} (${ran.get(name)} tests)`).join(", ")}`);
    }
    // Of a part of the suite, chosen by name, nothing more is expected.
    if (!this.whole || process.argv.slice(2).some((word) => word !== "run" && !word.startsWith("-"))) return;
    const left = [...absent].filter(([name]) => (ran.get(name) ?? 0) === 0);
    if (left.length > 0) {
      print(`\n${"!".repeat(80)}\nNOT TESTED:`);
      for (const [name, reason] of left) print(`  ${name}: ${reason}`);
      print("!".repeat(80));
    }
    const silent = declared.filter((name) => (ran.get(name) ?? 0) === 0);
    if (silent.length > 0) {
      print(`\nDFORCE_DEVICES declares ${silent.join(", ")}, but not one test ran there.`);
      process.exitCode = 1;
    }
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
