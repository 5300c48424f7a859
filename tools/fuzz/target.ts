import type { RandomStream } from "@diffusion-forcing/core";
import { byteEdit, type Edit, valueEdit } from "./mutations.js";

/** Something that reads what users and files give it. */
export interface Target {
  readonly name: string;
  /** Reads each input as it is before any edit: inputs that are refused would try nothing but the first check. */
  readonly unmutated: readonly (() => unknown)[];
  /** An input, mutated by the stream: how it came about, and what reads it. */
  draw(random: RandomStream): Case;
}

/** A mutated input. */
export interface Case {
  /** How many edits it has. */
  readonly edits: readonly string[];
  /** Approximate size of the input with only the edits at these indices, in bytes. */
  size(kept: readonly number[]): number;
  /** Reads the input with only the edits at these indices. */
  run(kept: readonly number[]): unknown;
}

function caseOf<T>(base: T, edits: readonly Edit<T>[], run: (input: T) => unknown, sizeOf: (input: T) => number): Case {
  const input = (kept: readonly number[]): T => kept.reduce((value, i) => (edits[i] as Edit<T>).apply(value), base);
  return {
    edits: edits.map(({ label }) => label),
    size: (kept) => sizeOf(input(kept)),
    run: (kept) => run(input(kept)),
  };
}

function drawEdits<T>(random: RandomStream, draw: () => Edit<T>): Edit<T>[] {
  return Array.from({ length: 1 + random.integer(0, random.uniform() < 0.7 ? 2 : 8) }, draw);
}

/** A reader of files: bytes are mutated, and the text of a file of JSON also as the value it holds. */
export function fileTarget(name: string, files: readonly Uint8Array[], read: (bytes: Uint8Array) => unknown): Target {
  return {
    name,
    unmutated: files.map((file) => () => read(file)),
    draw: (random) => {
      const base = files[random.integer(0, files.length)] as Uint8Array;
      const edits = drawEdits(random, () => byteEdit(random, base.length));
      return caseOf(base, edits, read, (bytes) => bytes.length);
    },
  };
}

/**
 * A reader of plain data: of a stored configuration, or (`foreign`) of options that a program gives, which can be
 * anything.
 */
export function valueTarget(
  name: string,
  values: readonly unknown[],
  read: (value: unknown) => unknown,
  { foreign = false }: { readonly foreign?: boolean } = {},
): Target {
  return {
    name,
    unmutated: values.map((value) => () => read(value)),
    draw: (random) => {
      const base = values[random.integer(0, values.length)];
      const edits = drawEdits(random, () => valueEdit(random, base, foreign));
      return caseOf(base, edits, read, sizeOfValue);
    },
  };
}

/** The bytes that a value takes at least, whatever it is made of. */
export function sizeOfValue(value: unknown): number {
  let size = 0;
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    size += 8;
    if (typeof next === "string") size += next.length;
    else if (ArrayBuffer.isView(next)) size += next.byteLength;
    else if (typeof next === "object" && next !== null) {
      for (const [key, member] of Object.entries(next)) {
        size += key.length;
        open.push(member);
      }
    }
  }
  return size;
}
