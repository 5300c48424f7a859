import {
  autoregressive,
  fullSequence,
  type MatrixShape,
  pyramid,
  schedulingMatrix,
  trapezoid,
} from "@diffusion-forcing/core";

export const kinds = ["full-sequence", "pyramid", "trapezoid", "autoregressive"] as const;
export type MatrixKind = (typeof kinds)[number];

const shapes: Readonly<Record<MatrixKind, (uncertainty: number) => MatrixShape>> = {
  "full-sequence": () => fullSequence(),
  pyramid: (uncertainty) => pyramid({ uncertainty }),
  trapezoid: (uncertainty) => trapezoid({ uncertainty }),
  autoregressive: () => autoregressive(),
};

/** Rows of level indices, known tokens at 0 in front. */
export type Rows = readonly (readonly number[])[];

export function rowsOf(kind: MatrixKind, uncertainty: number, timesteps: number, known: number, tokens: number): Rows {
  const { rows } = schedulingMatrix(shapes[kind](uncertainty), timesteps, tokens - known);
  return rows.map((row) => [...new Array<number>(known).fill(0), ...row]);
}

/**
 * Rows in which a token stands at `level` after a step. Levels only fall: earlier rows rise to it, later ones sink to it.
 * The first row stays noise and the last one clean.
 */
export function withLevel(rows: Rows, row: number, token: number, level: number): Rows {
  if (row <= 0 || row >= rows.length - 1) return rows;
  return rows.map((levels, at) => {
    const now = levels[token] as number;
    const last = rows.length - 1;
    const wanted =
      at === 0 || at === last ? now : at === row ? level : at < row ? Math.max(now, level) : Math.min(now, level);
    return wanted === now ? levels : levels.map((value, i) => (i === token ? wanted : value));
  });
}

/** The program that samples by these rows. */
export function codeOf(
  rows: Rows,
  {
    kind,
    uncertainty,
    edited,
    timesteps,
    known,
  }: { kind: MatrixKind; uncertainty: number; edited: boolean; timesteps: number; known: number },
): string {
  const length = (rows[0]?.length ?? 0) - known;
  const context = known > 0 ? "context, " : "";
  if (!edited) {
    const name = {
      "full-sequence": "fullSequence()",
      pyramid: `pyramid({ uncertainty: ${uncertainty} })`,
      trapezoid: `trapezoid({ uncertainty: ${uncertainty} })`,
      autoregressive: "autoregressive()",
    }[kind];
    return [
      `const sampler = forcing.sampler({ backend, parameters, timesteps: ${timesteps} });`,
      `const curves = await sampler.sample({ ${context}length: ${length}, matrix: df.${name}, seed });`,
    ].join("\n");
  }
  const listed = rows.map((row) => `  [${row.slice(known).join(", ")}],`);
  return [
    "const rows = [",
    ...listed,
    "].map((row) => Int32Array.from(row));",
    "const matrix = (steps: number, tokens: number) => ({ steps, tokens, rows });",
    `const sampler = forcing.sampler({ backend, parameters, timesteps: ${timesteps} });`,
    `const curves = await sampler.sample({ ${context}length: ${length}, matrix, seed });`,
  ].join("\n");
}
