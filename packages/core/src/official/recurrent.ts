import type { Diffusion } from "../diffusion/diffusion.js";
import type { Backend, Executable } from "../engine/backend/contract.js";
import { clamp, equal, mul, reshape, sqrt, sub, where } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import type { TensorType, Value } from "../engine/graph/value.js";
import { type HostTensor, type HostTensorRecord, readTensor, tensor, zeros } from "../engine/tensor/tensor.js";
import { memoryOf } from "../models/memory.js";
import type { Parameters } from "../models/model.js";
import { noiseRemoved } from "../process/gaussian/path.js";
import type { NoiseProcess } from "../process/process.js";
import { atLevel } from "../process/tables.js";
import type { MatrixShape } from "../sampling/plan/matrix-shapes.js";
import { ddim } from "../sampling/solvers/ddim.js";
import { pathOf } from "../sampling/solvers/path.js";
import { officialPasses } from "./matrices.js";

/**
 * What the paper's planner multiplies the gradient of its guidance by before it adds it to a token after the step,
 * (1 - a) - c sqrt(1 - a), a the share of signal at `from` and c the factor of the predicted noise in the step; 0 for
 * a step to level 0. (Version 1.5 subtracts from the predicted noise instead: see `officialDdimStep`.)
 *
 * @returns float32 [B, T, 1, ...] of `rank` axes.
 */
export function officialGuidanceFactor(
  process: NoiseProcess,
  from: Value,
  to: Value,
  eta: number,
  rank: number,
): Value {
  const path = pathOf("ddim", process);
  const noise = atLevel(path.noise, from, rank);
  const { removed } = noiseRemoved(path, from, to, rank);
  const direction = mul(atLevel(path.noise, to, rank), sqrt(sub(1, mul(removed, eta ** 2))));
  const factor = sub(mul(noise, noise), mul(direction, noise));
  return where(reshape(equal(to, 0), factor.shape), 0, factor);
}

export interface OfficialTokenStep {
  /** The token after the step, [B, 1, ...]. */
  readonly x: Value;
  /** The state after the token as it was before the step. */
  readonly state: Value;
  /** Estimate of the clean token, [B, 1, ...]. */
  readonly clean: Value;
}

/** One DDIM step of one token of the paper's recurrent model, whose input is limited at level K. */
export function officialTokenStep(
  diffusion: Diffusion,
  parameters: Parameters,
  eta: number,
  inputs: Readonly<Record<"state" | "x" | "from" | "to", Value>> & {
    readonly noise?: Value;
    readonly condition?: Value;
  },
): OfficialTokenStep {
  const { model, process } = diffusion;
  const { from, to, noise, condition } = inputs;
  const isNoise = reshape(equal(from, process.levels), [...from.shape, ...model.tokenShape.map(() => 1)]);
  const x = where(isNoise, clamp(inputs.x, -process.noiseClip, process.noiseClip), inputs.x);
  const { output, memory } = memoryOf(model).advance(
    parameters,
    { state: inputs.state },
    {
      tokens: x,
      noiseLevels: from,
      levelCount: process.levels,
      ...(condition === undefined ? {} : { condition }),
    },
  );
  const estimate = process.estimate(output, x, from);
  const predict = () => estimate;
  const step = ddim({ eta }).step({
    process,
    predict,
    x,
    from,
    to,
    noise: noise === undefined ? [] : [noise],
    memory: {},
  });
  return { x: step.x, state: memory.state as Value, clean: estimate.clean };
}

export interface OfficialRolloutOptions {
  readonly backend: Backend;
  readonly parameters: HostTensorRecord;
  readonly eta: number;
  /** Noise level of each index 0..S. */
  readonly levels: Int32Array;
  /** Known tokens, each [B, 1, ...]. */
  readonly context: readonly HostTensor[];
  /** Tokens to generate, and how many together. */
  readonly length: number;
  readonly chunk: number;
  readonly matrix: MatrixShape;
  readonly batch: number;
  /** Condition [B, 1, D] of a token. */
  readonly condition?: (token: number) => HostTensor;
  /** Standard normal numbers, not limited, called once for each draw, in order. */
  readonly noise: (shape: readonly number[]) => HostTensor;
}

/**
 * The rollout of the paper's recurrent code: observed tokens get fresh noise of level 1; in every pass over a chunk waiting
 * tokens already take their first step, finished ones take their last step again, and the state goes on from those.
 *
 * @returns the estimates of the known tokens, then the generated ones, each [B, 1, ...].
 */
export async function officialRecurrentRollout(
  diffusion: Diffusion,
  options: OfficialRolloutOptions,
): Promise<HostTensor[]> {
  const { backend, parameters, eta, levels, context, length, chunk, matrix, batch, condition, noise } = options;
  const { model, process } = diffusion;
  const shape = [batch, 1, ...model.tokenShape];
  const limitedNoise = (): HostTensor => {
    const drawn = noise(shape);
    const limit = process.noiseClip;
    return tensor(
      Float32Array.from(drawn.data, (value) => Math.min(Math.max(value, -limit), limit)),
      shape,
    );
  };
  const stepper = await compiledStep(diffusion, backend, parameters, eta, batch);
  const step = (state: HostTensor, x: HostTensor, from: number, to: number, token: number, fresh?: HostTensor) =>
    stepper.take({ state, x, from, to, noise: fresh, condition: condition?.(token) });
  const result: HostTensor[] = [];
  try {
    let state = await initialState(diffusion, backend, parameters, batch);
    for (const [t, token] of context.entries()) {
      const read = await step(state, slightlyNoised(process, token, limitedNoise()), 1, 0, t);
      ({ state } = read);
      result.push(read.clean);
    }
    for (let done = 0; done < length; ) {
      const size = Math.min(chunk, length - done);
      const x = Array.from({ length: size }, () => noise(shape));
      const before = state;
      for (const pass of officialPasses(matrix, levels.length - 1, size)) {
        state = before;
        for (const [t, index] of pass.entries()) {
          const [from, to] = [levels[index] as number, levels[index - 1] as number];
          const fresh = to > 0 ? limitedNoise() : undefined;
          const moved = await step(state, x[t] as HostTensor, from, to, context.length + done + t, fresh);
          ({ state } = moved);
          x[t] = moved.x;
        }
      }
      for (const moved of x) result.push(moved);
      done += size;
    }
  } finally {
    stepper.dispose();
  }
  return result;
}

interface TokenStepInputs {
  readonly state: HostTensor;
  readonly x: HostTensor;
  readonly from: number;
  readonly to: number;
  readonly noise: HostTensor | undefined;
  readonly condition: HostTensor | undefined;
}

async function compiledStep(
  diffusion: Diffusion,
  backend: Backend,
  parameters: HostTensorRecord,
  eta: number,
  batch: number,
) {
  const { model } = diffusion;
  const float = (...shape: number[]) => ({ dtype: "float32", shape }) as const;
  const level = { dtype: "int32", shape: [batch, 1] } as const;
  const token = float(batch, 1, ...model.tokenShape);
  const { state } = memoryOf(model).types({ batch, tokens: 1 });
  const types = {
    ...Object.fromEntries(Object.entries(model.parameters).map(([name, { shape }]) => [name, float(...shape)])),
    ...Object.fromEntries(
      Object.entries({ state, x: token, from: level, to: level }).map(([name, type]) => [`in/${name}`, type]),
    ),
    ...(eta > 0 ? { "in/noise": token } : {}),
    ...(model.conditionFeatures > 0 ? { "in/condition": float(batch, 1, model.conditionFeatures) } : {}),
  };
  const graph = trace(types as Readonly<Record<string, TensorType>>, (values) => {
    const given = (name: string): Value => values[`in/${name}`] as Value;
    const has = (name: string): boolean => `in/${name}` in values;
    return {
      ...officialTokenStep(diffusion, values, eta, {
        state: given("state"),
        x: given("x"),
        from: given("from"),
        to: given("to"),
        ...(has("noise") ? { noise: given("noise") } : {}),
        ...(has("condition") ? { condition: given("condition") } : {}),
      }),
    };
  });
  const executable: Executable = await backend.compile(graph, { constants: parameters });
  return {
    take: async ({ state: before, x, from, to, noise, condition }: TokenStepInputs) => {
      const everywhere = (value: number): HostTensor => tensor(new Int32Array(batch).fill(value), [batch, 1]);
      const outputs = await executable.run({
        "in/state": before,
        "in/x": x,
        "in/from": everywhere(from),
        "in/to": everywhere(to),
        ...(eta > 0 ? { "in/noise": noise ?? zeros("float32", x.shape) } : {}),
        ...(condition === undefined ? {} : { "in/condition": condition }),
      });
      const read = async (name: string): Promise<HostTensor> => readTensor(outputs[name] as HostTensor);
      return { x: await read("x"), state: await read("state"), clean: await read("clean") };
    },
    dispose: () => executable.dispose(),
  };
}

async function initialState({ model }: Diffusion, backend: Backend, parameters: HostTensorRecord, batch: number) {
  const graph = trace(parameters, (values) => ({
    state: memoryOf(model).initial(values, { batch, tokens: 1 }).state as Value,
  }));
  const executable = await backend.compile(graph);
  try {
    return await readTensor((await executable.run(parameters)).state as HostTensor);
  } finally {
    executable.dispose();
  }
}

/** alpha x + sigma noise at the lowest noisy level, in float32 as a graph would compute it. */
function slightlyNoised(process: NoiseProcess, x: HostTensor, noise: HostTensor): HostTensor {
  const { signal, noise: sigma } = pathOf("ddim", process);
  const [alpha, share] = [Math.fround(signal[1] as number), Math.fround(sigma[1] as number)];
  return tensor(
    Float32Array.from(
      x.data,
      (value, i) => Math.fround(alpha * value) + Math.fround(share * (noise.data[i] as number)),
    ),
    x.shape,
  );
}
