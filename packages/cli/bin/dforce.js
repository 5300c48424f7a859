#!/usr/bin/env node
// The command as npm links it. Installed, it is the build. In a checkout it runs the sources, so that `npx dforce` works
// right after `npm ci`, and never an old build.
import { existsSync } from "node:fs";
import { register } from "node:module";

// What is published has the sources too, for debuggers, but not their configuration.
const isCheckout = existsSync(new URL("../tsconfig.json", import.meta.url));

if (isCheckout) {
  const { register: registerTypeScript } = await import("tsx/esm/api");
  registerTypeScript();
  // As `--conditions=source` would: sibling packages are read from their sources too.
  register(
    `data:text/javascript,${encodeURIComponent(`
      export const resolve = (specifier, context, next) =>
        next(specifier, { ...context, conditions: ["source", ...context.conditions] });
    `)}`,
  );
  await import(new URL("../src/main.ts", import.meta.url).href);
} else {
  await import(new URL("../dist/main.js", import.meta.url).href);
}
