import { goldenBackends } from "../golden/backends.js";
import { listCases } from "../golden/case.js";
import { type CaseReport, runCase } from "../golden/run-case.js";

/** One recorded case, computed with each backend, by the backend's name. */
export type CaseReports = Readonly<Record<string, CaseReport>>;

/** Runs all cases of a folder with every backend. @throws Error if one does not pass. */
export async function runCases(folder: string, say: (text: string) => void): Promise<CaseReports[]> {
  const names = listCases(folder);
  if (names.length === 0) throw new Error(`${folder} holds no case.`);
  const reports = names.map((): Record<string, CaseReport> => ({}));
  for (const [backendName, open] of Object.entries(goldenBackends)) {
    const backend = await open();
    for (const [i, name] of names.entries()) {
      say(`${backendName}: ${name}`);
      const report = await runCase(folder, name, backend);
      if (report.outcome !== "ok") {
        throw new Error(
          `${name} on ${backendName}: ${report.outcome}, ${report.reason ?? JSON.stringify(report.worst)}`,
        );
      }
      (reports[i] as Record<string, CaseReport>)[backendName] = report;
    }
    await backend.dispose();
  }
  return reports;
}
