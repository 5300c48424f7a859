import { afterAll, describe, it } from "vitest";
import { pageBytes } from "../../../../../tools/test-devices/page-bytes.js";
import { testBackend } from "../../testing/index.js";
import { referenceBackend } from "./backend.js";

testBackend("reference, in a page", async () => referenceBackend(), {
  describe,
  it,
  afterAll,
  residentBytes: pageBytes,
});
