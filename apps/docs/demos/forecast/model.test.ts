import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { model } from "./model.js";

it("is what the bundle says", () => {
  const file = join(import.meta.dirname, "../../../../packages/tasks/models/series-exchange/config.json");
  const { task } = JSON.parse(readFileSync(file, "utf8")) as { task: object };
  expect(task).toMatchObject({ ...model, representation: "log-return" });
});
