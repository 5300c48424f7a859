import type { OptionSchemas } from "@diffusion-forcing/tasks";
import { describe, expect, it } from "vitest";
import { UsageError } from "./options.js";
import { parseRecordedOptions, recordOptions, runOptionValues } from "./run-options.js";

const schemas: OptionSchemas = {
  data: { kind: "file", summary: "the data", maxBytes: 10, required: true },
  gap: { kind: "integer", summary: "how long", default: 3 },
};

describe("options of a run", () => {
  it("are recorded with what their files hold, not with the files", () => {
    const values = { data: { name: "a.csv", bytes: new TextEncoder().encode("abc") }, gap: 3, left: undefined };
    // The digest of FIPS 180-4's first example.
    const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const recorded = recordOptions(values);
    expect(recorded).toEqual({ data: { file: "a.csv", sha256 }, gap: 3 });
    expect(parseRecordedOptions(schemas, JSON.parse(JSON.stringify(recorded)))).toEqual(recorded);
  });

  it.each([
    [[], "they are []"],
    [{ date: 3 }, "there is no option date"],
    [{ data: "a.csv" }, 'data is "a.csv"; expected { file, sha256 }'],
    [{ data: { file: "a.csv" } }, "expected { file, sha256 }"],
    [{ gap: { file: "a.csv", sha256: "" } }, "gap is an object"],
  ])("refuses %j", (value, message) => {
    expect(() => parseRecordedOptions(schemas, value)).toThrow(message);
  });

  it("say which file is missing", async () => {
    await expect(runOptionValues(schemas, {}, {}, false)).rejects.toThrow(
      new UsageError("--data is missing: the data."),
    );
  });
});
