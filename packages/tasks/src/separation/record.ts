import type { Bundle } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import { asVectorQuantizer, type VectorQuantizerCodec } from "@diffusion-forcing/core/bundle";
import { SumCounts } from "@diffusion-forcing/core/sampling";
import * as v from "valibot";
import { WORLDS, type World } from "./recipe.js";

/** What the bundle of a separation model says of itself. */
export interface SeparationRecord {
  readonly kind: "separation";
  readonly world: World;
  /** Tokens of the sequences that the prior was trained on. */
  readonly tokens: number;
  /** Counted sums, rows of first, second, mixture and count in base 36: "a b m n;a b m n". */
  readonly counts: string;
  readonly [field: string]: unknown;
}

/** The text of more rows than any bundle has room for. */
const MOST_CHARACTERS = 900_000;

const recordSchema = v.strictObject({
  kind: v.literal("separation", '"separation"'),
  world: schemas.choice(...WORLDS),
  tokens: schemas.integer(2, 4096),
  counts: schemas.satisfying<string>(
    "counted sums, rows of four numbers in base 36",
    (value) =>
      typeof value === "string" &&
      value.length <= MOST_CHARACTERS &&
      /^[0-9a-z]{1,4}( [0-9a-z]{1,4}){3}(;[0-9a-z]{1,4}( [0-9a-z]{1,4}){3})*$/.test(value),
  ),
});

/** Counts as text, and what {@link separatorOf} makes of it again. */
export function encodeCounts(counts: SumCounts): string {
  return counts
    .entries()
    .map((row) => row.map((value) => value.toString(36)).join(" "))
    .join(";");
}

function decodeCounts(text: string, categories: number): SumCounts {
  const counts = new SumCounts(categories);
  for (const row of text.split(";")) {
    const [a, b, m, times] = row.split(" ").map((value) => Number.parseInt(value, 36)) as [
      number,
      number,
      number,
      number,
    ];
    counts.add([a], [b], [m], { times });
  }
  return counts;
}

/** What separates: a codec of frames, and how its codes add up. */
export interface Separator {
  readonly record: SeparationRecord;
  readonly codec: VectorQuantizerCodec;
  readonly counts: SumCounts;
}

/** @throws `invalid-config` for a model of another task, `invalid-data` for counts that are not its codec's. */
export function separatorOf({ task, codec }: Bundle): Separator {
  const record = check("A model of separation", recordSchema, task, "invalid-config") as SeparationRecord;
  const quantizer = asVectorQuantizer(codec);
  return { record, codec: quantizer, counts: decodeCounts(record.counts, quantizer.codes) };
}
