import { Command, Option } from "commander";
import { chosenDevices, parseBackends } from "../backends/choice.js";
import type { Finding } from "../backends/finding.js";
import { formatFindings } from "../backends/findings-table.js";
import { backendProviders } from "../backends/providers.js";
import { surveyDevices } from "../backends/survey.js";
import { jsonOption } from "../options.js";

/** Which devices `backends` and `doctor` look at. */
export const surveyOption: Option = new Option(
  "--backend <name>",
  "only these: NAME/DEVICE, a device or a name, several with commas between them",
).default("auto", "all");

export interface SurveyCommandOptions {
  readonly backend: string;
  readonly json?: boolean;
}

export function backendsCommand(): Command {
  return new Command("backends")
    .description("list the backends, whether each works here, and how exact and fast it is")
    .addOption(surveyOption)
    .addOption(jsonOption)
    .action(runBackends);
}

/** What was found about every device of the choice; on a terminal, with a word on what is being looked at. */
export async function survey({ backend }: SurveyCommandOptions): Promise<readonly Finding[]> {
  const providers = chosenDevices(backendProviders(), parseBackends(backend));
  const names = providers.flatMap(({ name, devices }) => devices.map((device) => `${name}/${device}`));
  const found: Finding[] = [];
  const say = (text: string): unknown => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`);
  say(`checking ${names[0]} ...`);
  for await (const finding of surveyDevices(providers)) {
    found.push(finding);
    const next = names[found.length];
    say(next === undefined ? "" : `checking ${next} ...`);
  }
  return found;
}

async function runBackends(options: SurveyCommandOptions): Promise<void> {
  const found = await survey(options);
  process.stdout.write(options.json ? `${JSON.stringify(found)}\n` : `${formatFindings(found)}\n`);
}
