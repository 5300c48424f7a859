import * as v from "valibot";
import { schemas } from "../engine/check.js";
import { configSchema } from "../engine/check-config.js";
import { isFloat64Array } from "../engine/typed-array-name.js";
import type { NoiseProcess } from "./process.js";
import { MOST_LEVELS } from "./tables.js";

const methods = ["corrupt", "modelInput", "loss", "estimate", "limit", "noiseOf", "transition"] as const;
const shape = v.looseObject({
  config: configSchema,
  levels: schemas.integer(1, MOST_LEVELS),
  noiseClip: schemas.positive(),
  priorScale: schemas.number(0),
  terminal: v.looseObject({ signal: schemas.number(), noise: schemas.number() }),
  sensitivity: v.tuple([schemas.number(), schemas.number(), schemas.number()]),
  outputShape: v.optional(schemas.function()),
  posterior: v.optional(schemas.function()),
  ...Object.fromEntries(methods.map((name) => [name, schemas.function()])),
});

const isTable = (value: unknown, { levels }: NoiseProcess): boolean =>
  isFloat64Array(value) && value.length === levels + 1;

/** A noise process of the library's or of one's own, kept as the object it is. */
export const processSchema: v.GenericSchema<NoiseProcess> = schemas.satisfying<NoiseProcess>(
  "a noise process, such as variancePreserving() makes: config, levels, its tables of K + 1 entries and its functions",
  (value) => {
    if (!v.is(shape, value)) return false;
    const process = value as unknown as NoiseProcess;
    return isTable(process.signalToNoise, process) && isTable(process.guidanceGain, process);
  },
);
