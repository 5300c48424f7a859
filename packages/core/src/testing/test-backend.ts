import type { Backend } from "../engine/backend/contract.js";
import { assert } from "./assertions.js";
import { testRandomGraphs } from "./random-graphs/test-random-graphs.js";
import type { ConformanceOptions } from "./test-api.js";
import { testGraphs } from "./test-graphs.js";
import { testLifetime } from "./test-lifetime.js";
import { testLosses } from "./test-losses.js";
import { testMemories } from "./test-memories.js";
import { testModel } from "./test-model.js";
import { testModels } from "./test-models.js";
import { testOps } from "./test-ops.js";
import { testTurns } from "./test-turns.js";
import { testWalks } from "./test-walks.js";

/**
 * Registers the checks that every backend must pass. A factory that fails makes every check fail: a device that
 * is absent is never skipped.
 *
 * @example
 * import { afterAll, describe, it } from "vitest";
 * testBackend("onnx cpu", () => onnxBackend({ device: "cpu" }), { describe, it, afterAll });
 */
export function testBackend(name: string, factory: () => Promise<Backend>, options: ConformanceOptions): void {
  const { describe, it, afterAll, tolerance = 1e-5 } = options;
  let shared: Promise<Backend> | undefined;
  const backend = (): Promise<Backend> => {
    shared ??= factory();
    return shared;
  };
  describe(`backend conformance: ${name}`, () => {
    afterAll(async () => {
      await (await shared)?.dispose();
    });
    it("implements version 1 of the contract", async () => {
      const { specVersion, name: ownName, device, capabilities } = await backend();
      assert(specVersion === 1, `specVersion is ${specVersion}; expected 1.`);
      assert(ownName !== "" && device !== "", "name and device must not be empty.");
      assert(typeof capabilities.deviceTensors === "boolean", "capabilities.deviceTensors must be a boolean.");
    });
    const conformance = { options, tolerance, backend, another: factory };
    testOps(conformance);
    testGraphs(conformance);
    testRandomGraphs(conformance);
    testLifetime(conformance);
    testTurns(conformance);
    testModel(conformance);
    testModels(conformance);
    testLosses(conformance);
    testMemories(conformance);
    testWalks(conformance);
  });
}
