/**
 * Whether guidance does what it says with trained models: small models of every objective, schedule and process are
 * trained from several seeds and sampled under a sweep of scales. A row says the mean of what is rewarded, from unguided
 * to the largest scale, the largest value anywhere, and what is wrong. Exit codes: 0 all well, 1 something is wrong.
 *
 *     npm run guided -- --seeds 0,1,2,3,4 --keep FOLDER
 *
 * `--keep` keeps trained weights, for the next run; `--only cosine1000-v` takes the models whose names contain that;
 * `--uncertainty 2` samples by such a pyramid.
 */
import { parseArgs } from "node:util";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { pyramid } from "@diffusion-forcing/core";
import { forcingOf, subjectName, subjectsOf, trainedWeights } from "./circles.js";
import { faultsOf } from "./judge.js";
import { scales, sweep } from "./sweep.js";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "0,1,2,3,4" },
    only: { type: "string", default: "" },
    keep: { type: "string" },
    uncertainty: { type: "string" },
  },
});
const backend = await onnxBackend({ threads: 1 });
const subjects = subjectsOf(values.seeds.split(",").map(Number)).filter((one) =>
  subjectName(one).includes(values.only),
);
console.log("model".padEnd(20), scales.map((scale) => String(scale).padStart(5)).join(" "), "largest");
const matrix = values.uncertainty === undefined ? undefined : pyramid({ uncertainty: Number(values.uncertainty) });
let failed = 0;
for (const subject of subjects) {
  const parameters = await trainedWeights(backend, subject, values.keep);
  const found = await sweep(backend, forcingOf(subject), parameters, matrix);
  const faults = faultsOf(found);
  if (faults.length > 0) failed++;
  const means = found.map(({ mean }) => mean.toFixed(2).padStart(5)).join(" ");
  const largest = Math.max(...found.map((one) => one.largest)).toFixed(2);
  console.log(subjectName(subject).padEnd(20), means, largest.padStart(7), faults.join("; "));
}
await backend.dispose();
console.log(`${subjects.length - failed} of ${subjects.length} models as they should be`);
process.exitCode = subjects.length > 0 && failed === 0 ? 0 : 1;
