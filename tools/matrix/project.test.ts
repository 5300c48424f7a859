import { expect, it } from "vitest";
import { asCommonJs } from "./project.js";

it("a module's imports become dynamic ones", () => {
  const code = 'import { a, b as c } from "x";\nexport async function smoke() {\n  return a(c);\n}\n';
  expect(asCommonJs(code)).toBe(
    'async function load() {\nconst { a, b: c } = await import("x");\nasync function smoke() {\n  return a(c);\n}\n\nreturn smoke;\n}\n',
  );
});
