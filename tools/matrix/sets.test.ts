import { expect, it } from "vitest";
import { readmeSets, setsIn, smokeProgram } from "./sets.js";

it("reads what a README tells to install", () => {
  const readme = `Text with npm install nothing.

    npm install @diffusion-forcing/core @diffusion-forcing/backend-tfjs @tensorflow/tfjs-core   # browsers
    npm install --global something
    npm i @diffusion-forcing/core
`;
  expect(setsIn(readme, "backend-tfjs")).toEqual([
    {
      name: "backend-tfjs with tfjs-core",
      packages: ["@diffusion-forcing/core", "@diffusion-forcing/backend-tfjs", "@tensorflow/tfjs-core"],
    },
    { name: "backend-tfjs", packages: ["@diffusion-forcing/core"] },
  ]);
});

it("reads tables of devices, native libraries left out, and takes a package by itself where nothing is told", () => {
  const table = `| device | where | install |
| --- | --- | --- |
| \`cpu\` | everywhere | \`@tensorflow/tfjs-core @tensorflow/tfjs-backend-cpu\` |
| \`node\` | Node | \`@tensorflow/tfjs-core @tensorflow/tfjs-node\` |
`;
  expect(setsIn(table, "backend-tfjs")).toEqual([
    {
      name: "backend-tfjs with tfjs-core, tfjs-backend-cpu",
      packages: [
        "@diffusion-forcing/core",
        "@diffusion-forcing/backend-tfjs",
        "@tensorflow/tfjs-core",
        "@tensorflow/tfjs-backend-cpu",
      ],
    },
  ]);
  expect(setsIn("Nothing.", "tasks")).toEqual([{ name: "tasks", packages: ["@diffusion-forcing/tasks"] }]);
});

it("finds the READMEs of this repository", () => {
  const packages = readmeSets().flatMap((set) => set.packages);
  expect(packages).toContain("onnxruntime-node");
  expect(packages).toContain("onnxruntime-web");
});

it("writes a program for the engine that is installed", () => {
  expect(smokeProgram(["@tensorflow/tfjs-backend-wasm"]).code).toContain('tfjsBackend({ device: "wasm" })');
  expect(smokeProgram(["onnxruntime-web"])).toMatchObject({ inNode: false, inPage: true });
  expect(smokeProgram([]).code).toContain('import { referenceBackend } from "@diffusion-forcing/core";');
});
