import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { broadcastTo, concat, reshape } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import type { MemoryValues, Model, ModelMemory } from "./model.js";

/**
 * The model's memory.
 *
 * @throws `invalid-config` for a model without one, saying why and what to do.
 */
export function memoryOf({ memory, noMemory, config }: Pick<Model, "config" | "memory" | "noMemory">): ModelMemory {
  if (memory !== undefined) return memory;
  throw new DiffusionForcingError(
    "invalid-config",
    `A model of kind ${describe(config.kind)} ${noMemory ?? "keeps no memory of past tokens: it can only read its whole window again"}.`,
  );
}

/** The memories of `times` copies of the whole batch, [B, ...] -> [times * B, ...]: for several futures of one past. */
export function repeatMemory(memory: MemoryValues, times: number): MemoryValues {
  if (times === 1) return memory;
  const repeated = (x: Value): Value =>
    reshape(broadcastTo(x, [times, ...x.shape]), [times * (x.shape[0] as number), ...x.shape.slice(1)]);
  return Object.fromEntries(Object.entries(memory).map(([name, value]) => [name, repeated(value)]));
}

/** Memories of one model as one batch, in their order: for several views of the past. */
export function joinMemories(memories: readonly MemoryValues[]): MemoryValues {
  const names = Object.keys(memories[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [
      name,
      concat(
        memories.map((memory) => memory[name] as Value),
        0,
      ),
    ]),
  );
}
