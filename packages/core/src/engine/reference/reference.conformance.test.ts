import { afterAll, describe, it } from "vitest";
import { residentBytes } from "../../../../../tools/test-devices/resident-bytes.js";
import { testBackend } from "../../testing/index.js";
import { referenceBackend } from "./backend.js";

testBackend("reference", async () => referenceBackend(), { describe, it, afterAll, residentBytes });
