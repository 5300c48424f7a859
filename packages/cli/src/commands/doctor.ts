import { DiffusionForcingError } from "@diffusion-forcing/core";
import { Command } from "commander";
import { adviceFor } from "../backends/advice.js";
import { type Environment, readEnvironment } from "../backends/environment.js";
import type { Finding } from "../backends/finding.js";
import { formatFindings } from "../backends/findings-table.js";
import { jsonOption } from "../options.js";
import { type SurveyCommandOptions, survey, surveyOption } from "./backends.js";

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("check every backend and say what to do about those that do not work; exits with 1 if none does")
    .addOption(surveyOption)
    .addOption(jsonOption)
    .action(runDoctor);
}

async function runDoctor(options: SurveyCommandOptions): Promise<void> {
  const environment = await readEnvironment();
  const found = await survey(options);
  const diagnoses = found.map((finding) => ({ ...finding, advice: adviceFor(finding, environment) }));
  // The interpreter always works, and nobody wants to train on it.
  const works = found.some(({ name, available }) => available && name !== "reference");
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ environment, works, backends: diagnoses })}\n`
      : `${formatDiagnoses(environment, diagnoses)}\n`,
  );
  if (!works) {
    throw new DiffusionForcingError(
      "backend-unavailable",
      "None of these backends works, the slow reference aside. Start with onnx/cpu: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node",
    );
  }
}

type Diagnosis = Finding & { readonly advice: readonly string[] };

function formatDiagnoses(environment: Environment, diagnoses: readonly Diagnosis[]): string {
  const { platform, arch, node, nvidia, vulkanDrivers } = environment;
  const machine = [
    `Node ${node} on ${platform} ${arch}`,
    nvidia.length === 0 ? "no NVIDIA GPU" : nvidia.join("; "),
    ...(platform === "linux" ? [`Vulkan drivers: ${vulkanDrivers.join(", ") || "none"}`] : []),
  ].join("; ");
  const advice = diagnoses
    .filter((diagnosis) => diagnosis.advice.length > 0)
    .flatMap((diagnosis) => [
      `  ${diagnosis.name}/${diagnosis.device}`,
      ...diagnosis.advice.map((step) => `    - ${step}`),
    ]);
  return [machine, "", formatFindings(diagnoses), ...(advice.length > 0 ? ["", "What to do:", ...advice] : [])].join(
    "\n",
  );
}
