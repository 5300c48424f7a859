import { afterAll, describe, it } from "vitest";
import { testBackend } from "../testing/index.js";
import { referenceBackend } from "./backend.js";

// Its memory is measured in Node: what a page holds can only be asked for with a delay.
testBackend("reference, in a page", async () => referenceBackend(), { describe, it, afterAll });
