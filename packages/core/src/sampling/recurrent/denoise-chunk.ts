import { throwIfAborted } from "../../engine/errors.js";
import { type HostTensor, type HostTensorRecord, type Tensor, zeros } from "../../engine/tensor/tensor.js";
import { type Guidance, guidanceSamples } from "../guidance.js";
import { type MatrixShape, schedulingMatrix } from "../matrix-shapes.js";
import { validateSchedulingMatrix } from "../scheduling-matrix.js";
import { officialPasses } from "./official-passes.js";
import type { NoiseSource } from "./options.js";
import type { RecurrentStepper } from "./stepper.js";
import { clampedTo, type HeldTensors, joined, toHost, tokenAt } from "./tokens.js";

export interface Chunk {
  /** State before the chunk. */
  readonly start: HostTensor;
  /** Where its tokens start, each [B, 1, ...]. */
  readonly tokens: readonly HostTensor[];
  readonly matrix: MatrixShape;
  readonly noise: NoiseSource;
  readonly held: HeldTensors;
  /** [B, T, D] */
  readonly condition: HostTensor | undefined;
  readonly guidanceInputs: HostTensorRecord;
  readonly signal: AbortSignal | undefined;
}

export interface DenoisedChunk {
  /** The clean tokens, [B, T, ...]. */
  readonly tokens: HostTensor;
  /** The state after them. */
  readonly latent: HostTensor;
}

/** Denoises a chunk in the way that the stepper's options ask for. */
export function denoiseChunk(stepper: RecurrentStepper, chunk: Chunk): Promise<DenoisedChunk> {
  const { guidance, compatibility } = stepper.options;
  if (guidance !== undefined) return guided(stepper, guidance, chunk);
  return compatibility === "official" ? official(stepper, chunk) : plain(stepper, chunk);
}

/** The matrix's rows as levels. */
function rowsOf({ options: { levels } }: RecurrentStepper, { matrix, tokens }: Chunk): number[][] {
  const scheduling = schedulingMatrix(matrix, levels.length - 1, tokens.length);
  validateSchedulingMatrix(scheduling);
  return scheduling.rows.map((row) => Array.from(row, (index) => levels[index] as number));
}

/** The paper's passes: the level of each token before and after its step. */
function passesOf(
  { options: { levels } }: RecurrentStepper,
  { matrix, tokens }: Chunk,
): (readonly [number[], number[]])[] {
  const at = (index: number): number => levels[index] as number;
  return officialPasses(matrix, levels.length - 1, tokens.length).map(
    (pass) => [pass.map(at), pass.map((index) => at(index - 1))] as const,
  );
}

/** Fresh noise of a step of one token. */
function stepNoise(stepper: RecurrentStepper, { noise, tokens }: Chunk): HostTensor {
  return clampedTo(stepper.process.clipNoise, noise((tokens[0] as HostTensor).shape));
}

const conditionAt = ({ condition }: Chunk, t: number): HostTensor | undefined => condition && tokenAt(condition, t);

/** Every token takes the steps of its column; one that is clean, and all before it too, is read once, for good. */
async function plain(stepper: RecurrentStepper, chunk: Chunk): Promise<DenoisedChunk> {
  const { start, tokens, signal, held } = chunk;
  const rows = rowsOf(stepper, chunk);
  const x: Tensor[] = [...tokens];
  let base: Tensor = start;
  let settled = 0;
  const settle = async (row: readonly number[]): Promise<void> => {
    for (; settled < x.length && row[settled] === 0; settled++) {
      base = await readClean(stepper, chunk, base, x[settled] as Tensor, settled);
    }
  };
  for (let m = 1; m < rows.length; m++) {
    throwIfAborted(signal);
    const [from, to] = [rows[m - 1] as number[], rows[m] as number[]];
    await settle(from);
    let state: Tensor = base;
    // What comes after the last token that moves need not be read yet.
    const last = from.reduce((latest, index, t) => (index === to[t] ? latest : t), -1);
    for (let t = settled; t <= last; t++) {
      const step = await stepper.take(held, {
        state,
        x: x[t] as Tensor,
        from: from.slice(t, t + 1),
        to: to.slice(t, t + 1),
        condition: conditionAt(chunk, t),
        noise: stepper.options.eta > 0 ? stepNoise(stepper, chunk) : undefined,
      });
      if (state !== base) held.drop(state);
      held.drop(x[t] as Tensor);
      held.drop(step.x0);
      state = step.state;
      x[t] = step.x;
    }
    if (state !== base) held.drop(state);
  }
  await settle(rows[rows.length - 1] as number[]);
  const clean = await Promise.all(x.map((value) => toHost(value, held)));
  return { tokens: joined(clean), latent: await toHost(base, held) };
}

/** The state after reading a clean token of the chunk; the state before it is freed. */
async function readClean(
  stepper: RecurrentStepper,
  chunk: Chunk,
  state: Tensor,
  x: Tensor,
  t: number,
): Promise<Tensor> {
  const { held } = chunk;
  const step = await stepper.take(held, { state, x, from: [0], to: [0], condition: conditionAt(chunk, t) });
  held.drop(state);
  held.drop(step.x);
  held.drop(step.x0);
  return step.state;
}

/** The paper's code; see `compatibility`. */
async function official(stepper: RecurrentStepper, chunk: Chunk): Promise<DenoisedChunk> {
  const { start, tokens, signal, held } = chunk;
  const x: Tensor[] = [...tokens];
  let state: Tensor = start;
  for (const [from, to] of passesOf(stepper, chunk)) {
    throwIfAborted(signal);
    held.drop(state);
    state = start;
    for (const [t, next] of to.entries()) {
      const step = await stepper.take(held, {
        state,
        x: x[t] as Tensor,
        from: from.slice(t, t + 1),
        to: [next],
        condition: conditionAt(chunk, t),
        noise: next > 0 ? stepNoise(stepper, chunk) : undefined,
      });
      held.drop(state);
      held.drop(x[t] as Tensor);
      held.drop(step.x0);
      state = step.state;
      x[t] = step.x;
    }
  }
  const clean = await Promise.all(x.map((value) => toHost(value, held)));
  return { tokens: joined(clean), latent: await toHost(state, held) };
}

/**
 * All tokens at once in every pass, since each one's gradient comes through the states after it. The passes are the
 * matrix's rows, and the clean tokens are read at the end; or the paper's, which leave the state where it is to go on.
 */
async function guided(stepper: RecurrentStepper, guidance: Guidance, chunk: Chunk): Promise<DenoisedChunk> {
  const { start, noise, condition, guidanceInputs, signal, held } = chunk;
  const { eta, compatibility } = stepper.options;
  const isOfficial = compatibility === "official";
  const rows = isOfficial ? [] : rowsOf(stepper, chunk);
  const passes = isOfficial
    ? passesOf(stepper, chunk)
    : rows.slice(1).map((to, m) => [rows[m] as number[], to] as const);
  const samples = guidanceSamples(guidance);
  let x: Tensor = joined(chunk.tokens);
  let state: Tensor = start;
  for (const [from, to] of passes) {
    throwIfAborted(signal);
    if (from.every((level, t) => level === to[t])) continue;
    const draw = (next: number): HostTensor =>
      isOfficial && next === 0 ? zeros("float32", (chunk.tokens[0] as HostTensor).shape) : stepNoise(stepper, chunk);
    const fresh = isOfficial || eta > 0 ? joined(to.map(draw)) : undefined;
    const futureNoise =
      samples > 1 ? { futureNoise: clampedTo(stepper.process.clipNoise, noise([samples, ...x.shape])) } : {};
    const step = await stepper.take(held, {
      state: start,
      x,
      from,
      to,
      condition,
      noise: fresh,
      guidance: { inputs: guidanceInputs, ...futureNoise },
    });
    held.drop(x);
    held.drop(state);
    held.drop(step.x0);
    ({ x, state } = step);
  }
  const tokens = await toHost(x, held);
  if (!isOfficial) {
    held.drop(state);
    state = start;
    for (let t = 0; t < chunk.tokens.length; t++) state = await readClean(stepper, chunk, state, tokenAt(tokens, t), t);
  }
  return { tokens, latent: await toHost(state, held) };
}
