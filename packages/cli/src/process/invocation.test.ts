import { expect, it } from "vitest";
import { invocation, quoted } from "./invocation.js";

const call = { env: {}, script: "/home/me/node_modules/.bin/dforce", folder: "/home/me" };

it.each<[string, Parameters<typeof invocation>[0], string]>([
  ["npm run dforce in a checkout", { ...call, env: { npm_lifecycle_event: "dforce" } }, "npm run dforce --"],
  ["npm start in a checkout", { ...call, env: { npm_lifecycle_event: "start" } }, "npm run dforce --"],
  ["npx of what is installed", { ...call, env: { npm_command: "exec", npm_lifecycle_event: "npx" } }, "npx dforce"],
  [
    "npx of what is not",
    { ...call, env: { npm_command: "exec" }, script: "/home/me/.npm/_npx/1f/node_modules/.bin/dforce" },
    "npx @diffusion-forcing/cli",
  ],
  ["the program, installed", { ...call, env: { PATH: "/bin:/home/me/node_modules/.bin" } }, "dforce"],
  ["the program by its path", call, "node_modules/.bin/dforce"],
  ["the sources", { ...call, script: "/home/me/df/packages/cli/src/main.ts" }, "npm run dforce --"],
  ["the build", { ...call, script: "/home/me/df/packages/cli/dist/main.js" }, "node df/packages/cli/dist/main.js"],
])("names the way %s was called", (_, from, expected) => {
  expect(invocation(from)).toBe(expected);
});

it("quotes words that a shell would take apart", () => {
  expect([quoted("runs/a-1"), quoted("a run")]).toEqual(["runs/a-1", '"a run"']);
});
